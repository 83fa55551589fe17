package dev.stepstile.local.handlers;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Compiles handlers, as a user's build would. */
final class HandlerJar {
    static final String SERVICES = "META-INF/services/dev.stepstile.api.StepHandler";

    private HandlerJar() {}

    /**
     * Compiles into a folder of classes, which declares these handlers.
     *
     * @param sources by the classes' full names
     */
    static Path classes(Path folder, Map<String, String> sources, List<String> handlers) throws IOException {
        Files.createDirectories(folder);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            List<JavaFileObject> units = sources.entrySet().stream()
                    .map(source -> (JavaFileObject) source(source.getKey(), source.getValue()))
                    .toList();
            List<String> options =
                    List.of("-d", folder.toString(), "-cp", System.getProperty("java.class.path"), "-proc:none");
            if (!compiler.getTask(said, files, null, options, null, units).call()) {
                throw new IllegalArgumentException(said.toString());
            }
        }
        if (!handlers.isEmpty()) {
            Path services = folder.resolve(SERVICES);
            Files.createDirectories(services.getParent());
            Files.writeString(services, String.join("\n", handlers) + "\n");
        }
        return folder;
    }

    private static SimpleJavaFileObject source(String name, String text) {
        URI uri = URI.create("string:///" + name.replace('.', '/') + ".java");
        return new SimpleJavaFileObject(uri, JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
    }

    /** Compiles into a jar, which is written over in place if it is there. */
    static Path jar(Path jar, Map<String, String> sources, List<String> handlers) throws IOException {
        Path folder =
                classes(Files.createTempDirectory(jar.toAbsolutePath().getParent(), "classes"), sources, handlers);
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream packed = new JarOutputStream(out);
                Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                packed.putNextEntry(
                        new ZipEntry(folder.relativize(file).toString().replace('\\', '/')));
                Files.copy(file, packed);
            }
        }
        return jar;
    }
}
