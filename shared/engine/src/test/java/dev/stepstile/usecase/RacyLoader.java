package dev.stepstile.usecase;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/**
 * Loads the project's classes once more, with a point of the {@link Baton} before each access to a field that can change
 * and before each lock, in the classes whose races are looked for. Production code knows nothing of it.
 */
final class RacyLoader extends ClassLoader {
    private static final ClassDesc BATON = Baton.class.describeConstable().orElseThrow();
    private static final ClassDesc LOCK =
            ReentrantLock.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc REACH = MethodTypeDesc.of(ConstantDescs.CD_void);
    private static final MethodTypeDesc LOCKED = MethodTypeDesc.of(ConstantDescs.CD_void, LOCK);

    private final List<String> racy;
    private final boolean unlocked;

    /**
     * @param racy classes, with those that are nested in them
     * @param unlocked whether their locks are taken away, to see that it is noticed
     */
    RacyLoader(List<Class<?>> racy, boolean unlocked) {
        super(RacyLoader.class.getClassLoader());
        this.racy = racy.stream().map(Class::getName).toList();
        this.unlocked = unlocked;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            return name.startsWith("dev.stepstile.") ? again(name) : super.loadClass(name, resolve);
        }
    }

    private Class<?> again(String name) throws ClassNotFoundException {
        byte[] bytes;
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
        boolean changed = racy.stream().anyMatch(each -> name.equals(each) || name.startsWith(each + "$"));
        byte[] used = changed ? withPoints(bytes) : bytes;
        return defineClass(name, used, 0, used.length);
    }

    private byte[] withPoints(byte[] bytes) {
        ClassFile classFile = ClassFile.of();
        ClassModel model = classFile.parse(bytes);
        Set<String> changing = model.fields().stream()
                .filter(field -> (field.flags().flagsMask() & ClassFile.ACC_FINAL) == 0)
                .map(field -> field.fieldName().stringValue())
                .collect(Collectors.toSet());
        return classFile.transformClass(
                model,
                ClassTransform.transformingMethodBodies((builder, element) -> withPoint(builder, element, changing)));
    }

    private void withPoint(CodeBuilder builder, CodeElement element, Set<String> changing) {
        if (element instanceof FieldInstruction field
                && changing.contains(field.name().stringValue())) {
            builder.invokestatic(BATON, "reach", REACH);
        }
        String called = element instanceof InvokeInstruction call
                        && call.owner().asSymbol().equals(LOCK)
                ? call.name().stringValue()
                : "";
        if (unlocked && (called.equals("lock") || called.equals("unlock"))) {
            builder.pop();
        } else if (called.equals("lock")) {
            builder.invokestatic(BATON, "lock", LOCKED);
        } else {
            builder.with(element);
        }
    }
}
