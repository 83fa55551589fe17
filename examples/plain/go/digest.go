// Counts the lines of a file and computes its SHA-256.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

type input struct {
	File string `json:"file"`
}

type result struct {
	Attempt int    `json:"attempt"`
	File    string `json:"file"`
	Lines   int    `json:"lines"`
	SHA256  string `json:"sha256"`
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fail(65, "The input is not of the expected form: %v.", err)
	}
	if _, err := os.Stat(in.File + ".lock"); err == nil {
		fmt.Println(5) // seconds
		os.Exit(75)
	}
	fmt.Fprintln(os.Stderr, "reading", in.File)
	content, err := os.ReadFile(in.File)
	if os.IsNotExist(err) {
		fail(65, "There is no file '%s'.", in.File) // another attempt would find none either
	} else if err != nil {
		fail(1, "%v", err)
	}
	sum := sha256.Sum256(content)
	attempt, _ := strconv.Atoi(os.Getenv("STEPSTILE_ATTEMPT"))
	json.NewEncoder(os.Stdout).Encode(result{
		Attempt: attempt,
		File:    in.File,
		Lines:   bytes.Count(content, []byte("\n")),
		SHA256:  hex.EncodeToString(sum[:]),
	})
}

func fail(status int, format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(status)
}
