package dev.stepstile.process;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What a handler's process finds of this process's environment. A worker's has credentials (on Lambda the function's,
 * which may write every record) and settings that are none of a handler's business, so only what is named here is
 * handed on, and what the handler's configuration asks for. It keeps secrets out of what a handler prints or hands on
 * by accident; it is no wall, since a process of the same user may read this one's environment.
 */
final class InheritedEnvironment {
    /** Handed on to every handler. A name that ends with a star stands for all that begin so. */
    static final List<String> DEFAULT = List.of(
            // where programs, libraries and the user's files are
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "SHELL",
            "TMPDIR",
            "TEMP",
            "TMP",
            "XDG_*",
            "LD_LIBRARY_PATH",
            "DYLD_*",
            "JAVA_HOME",
            "NODE_PATH",
            "VIRTUAL_ENV",
            "CONDA_*",
            "PYTHON*",
            // language and time
            "LANG",
            "LANGUAGE",
            "LC_*",
            "TZ",
            "TZDIR",
            // certificates and proxies
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
            "AWS_CA_BUNDLE",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "NO_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "no_proxy",
            // how many processors to use, and which
            "OMP_*",
            "MKL_*",
            "OPENBLAS_*",
            "NUMEXPR_*",
            "CUDA_*",
            "NVIDIA_*",
            // where it runs
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_EXECUTION_ENV",
            "AWS_LAMBDA_FUNCTION_*",
            "LAMBDA_TASK_ROOT",
            "DAGSTER_*",
            "STEPSTILE_*");

    /** Not meant by a pattern of the default list; a configuration that needs one of them names it. */
    private static final Pattern SECRET = Pattern.compile("(?i).*(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|_KEY$).*");

    /**
     * Never meant by a pattern. The handlers' configuration holds what other handlers were given; by the runtime API a
     * handler could answer for the function; a step's trace is not that of whoever started the worker.
     */
    private static final List<String> BY_NAME_ALONE = List.of(
            "STEPSTILE_HANDLERS", "AWS_LAMBDA_RUNTIME_API", ProcessHandler.TRACEPARENT, ProcessHandler.TRACESTATE);

    private InheritedEnvironment() {}

    /**
     * @param whole this process's environment
     * @param asked names, or beginnings of names with a star after them
     */
    static SortedMap<String, String> of(Map<String, String> whole, List<String> asked) {
        SortedMap<String, String> handedOn = new TreeMap<>();
        whole.forEach((name, value) -> {
            if (byDefault(name) || isMeant(name, asked)) {
                handedOn.put(name, value);
            }
        });
        return handedOn;
    }

    private static boolean byDefault(String name) {
        return isMeant(name, DEFAULT) && !SECRET.matcher(name).matches();
    }

    private static boolean isMeant(String name, List<String> patterns) {
        return patterns.stream()
                .anyMatch(pattern -> pattern.endsWith("*")
                        ? name.startsWith(pattern.substring(0, pattern.length() - 1)) && !BY_NAME_ALONE.contains(name)
                        : name.equals(pattern));
    }
}
