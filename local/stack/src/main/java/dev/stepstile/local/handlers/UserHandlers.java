package dev.stepstile.local.handlers;

import java.util.List;

/**
 * Java handlers of the user, which run in a process of their own.
 *
 * @param classPath jars, folders of classes, and {@code folder/*} for all jars of a folder, separated as in a class path
 * @param javaOptions of that process, such as {@code -Xmx2g}
 */
public record UserHandlers(String classPath, List<String> javaOptions) {}
