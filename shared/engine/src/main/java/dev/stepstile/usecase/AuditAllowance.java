package dev.stepstile.usecase;

import java.util.random.RandomGenerator;

/**
 * What a call of the live auditor may read beside the records of its steps. Of a few steps that is everything. Of more it is one
 * read for each step, so that with the record each has two, and one less, for the run itself: at which of its first steps the
 * call does without, is left to chance, so that it is not the same one each time.
 */
final class AuditAllowance {
    /** Of fewer steps nothing is left out. */
    static final int FEW = 10;

    private final RandomGenerator random;
    private final boolean everything;
    private final int withoutAt;
    private int steps;
    private int left;

    private AuditAllowance(boolean everything, int withoutAt, RandomGenerator random) {
        this.everything = everything;
        this.withoutAt = withoutAt;
        this.random = random;
    }

    /** @param ahead how many steps the call comes to at most */
    static AuditAllowance of(int ahead, RandomGenerator random) {
        return new AuditAllowance(ahead < FEW, random.nextInt(FEW), random);
    }

    /** More steps are looked at. */
    void add(int more) {
        left += more - (steps <= withoutAt && withoutAt < steps + more ? 1 : 0);
        steps += more;
    }

    /** For queries of the feed. Where not all can be had, as many are kept for these payloads. */
    int forFeed(int payloads) {
        int half = left / 2 + (left % 2 == 1 && random.nextBoolean() ? 1 : 0);
        return everything ? Integer.MAX_VALUE : Math.max(left - payloads, half);
    }

    int forPayloads() {
        return everything ? Integer.MAX_VALUE : Math.max(0, left);
    }

    void spend(int reads) {
        left -= reads;
    }

    /** The manifest was read for so many steps; a few have no read to spare for it. */
    void spendForManifest(int ofSteps) {
        left -= ofSteps < FEW ? 0 : 1;
    }
}
