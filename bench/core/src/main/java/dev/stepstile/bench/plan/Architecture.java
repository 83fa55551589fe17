package dev.stepstile.bench.plan;

import dev.stepstile.bench.price.Price;

/** As the template's parameter: {@code arm64} or {@code x86_64}. */
public enum Architecture {
    ARM64(Price.LAMBDA_ARM_GB_SECOND, Price.FARGATE_ARM_CPU_HOUR, Price.FARGATE_ARM_GB_HOUR),
    X86_64(Price.LAMBDA_X86_GB_SECOND, Price.FARGATE_X86_CPU_HOUR, Price.FARGATE_X86_GB_HOUR);

    private final Price gbSecond;
    private final Price cpuHour;
    private final Price gbHour;

    Architecture(Price gbSecond, Price cpuHour, Price gbHour) {
        this.gbSecond = gbSecond;
        this.cpuHour = cpuHour;
        this.gbHour = gbHour;
    }

    /** Of Lambda. */
    Price gbSecond() {
        return gbSecond;
    }

    /** Of Fargate. */
    Price cpuHour() {
        return cpuHour;
    }

    /** Of Fargate. */
    Price gbHour() {
        return gbHour;
    }
}
