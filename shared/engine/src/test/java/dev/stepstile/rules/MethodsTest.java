package dev.stepstile.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.lang.model.element.Modifier;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** The methods and records of all modules' main code are of a size that is read at one look. */
class MethodsTest {
    private static final int MOST_ARGUMENTS = 7;
    private static final int MOST_LINES = 40;

    private static final List<Method> MAIN_CODE = methods(Checkout.files("glob:**/src/main/java/**.java").stream()
            .map(Checkout::text)
            .toList());

    /** A method, a constructor, or a record with its components. */
    private record Method(String name, int arguments, long lines) {}

    @Test
    void take_seven_arguments_at_most() {
        assertThat(MAIN_CODE).hasSizeGreaterThan(2_000);
        assertThat(named(MAIN_CODE, MethodsTest::hasMoreArguments)).isEmpty();
    }

    @Test
    void have_forty_lines_at_most() {
        assertThat(named(MAIN_CODE, MethodsTest::hasMoreLines)).isEmpty();
    }

    @Test
    void that_are_too_large_are_found() {
        String seven = "int a, int b, int c, int d, int e, int f, int g";
        String eight = seven + ", int h";
        List<Method> seeded = methods(List.of(String.join(
                "\n",
                "class Seeded {",
                "    record Wide(" + eight + ") {}",
                "    record Narrow(" + seven + ") { static final int I = 0; }",
                "    Seeded(" + eight + ") {}",
                "    void narrow(" + seven + ") {}",
                "    Object inner = new Object() { void wide(" + eight + ") {} };",
                "    void of41() {" + "\n".repeat(40) + "}",
                "    void of40() {" + "\n".repeat(39) + "}",
                "}")));
        assertThat(named(seeded, MethodsTest::hasMoreArguments))
                .containsExactly("Seeded..wide", "Seeded.<init>", "Seeded.Wide");
        assertThat(named(seeded, MethodsTest::hasMoreLines)).containsExactly("Seeded.of41");
    }

    private static boolean hasMoreArguments(Method method) {
        return method.arguments > MOST_ARGUMENTS;
    }

    private static boolean hasMoreLines(Method method) {
        return method.lines > MOST_LINES;
    }

    private static SortedSet<String> named(List<Method> methods, Predicate<Method> which) {
        return methods.stream().filter(which).map(Method::name).collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<Method> methods(List<String> sources) {
        JavacTask parser = (JavacTask) ToolProvider.getSystemJavaCompiler()
                .getTask(
                        null,
                        null,
                        null,
                        null,
                        null,
                        sources.stream().map(Source::new).toList());
        SourcePositions positions = Trees.instance(parser).getSourcePositions();
        List<Method> found = new ArrayList<>();
        try {
            for (CompilationUnitTree file : parser.parse()) {
                new Scan(file, positions, found).scan(file, null);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String text) {
            super(URI.create("string:///Source.java"), JavaFileObject.Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class Scan extends TreeScanner<Void, Void> {
        private final CompilationUnitTree file;
        private final SourcePositions positions;
        private final List<Method> found;
        private final Deque<String> classes = new ArrayDeque<>();

        Scan(CompilationUnitTree file, SourcePositions positions, List<Method> found) {
            this.file = file;
            this.positions = positions;
            this.found = found;
        }

        @Override
        public Void visitClass(ClassTree type, Void nothing) {
            classes.addLast(type.getSimpleName().toString());
            if (type.getKind() == Tree.Kind.RECORD) {
                long components = type.getMembers().stream()
                        .filter(member -> member instanceof VariableTree field
                                && !field.getModifiers().getFlags().contains(Modifier.STATIC))
                        .count();
                found.add(new Method(String.join(".", classes), (int) components, 0));
            }
            super.visitClass(type, null);
            classes.removeLast();
            return null;
        }

        @Override
        public Void visitMethod(MethodTree method, Void nothing) {
            found.add(new Method(
                    String.join(".", classes) + "." + method.getName(),
                    method.getParameters().size(),
                    line(positions.getEndPosition(file, method)) - line(positions.getStartPosition(file, method)) + 1));
            return super.visitMethod(method, null);
        }

        private long line(long position) {
            return file.getLineMap().getLineNumber(position);
        }
    }
}
