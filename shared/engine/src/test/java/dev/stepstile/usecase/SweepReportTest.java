package dev.stepstile.usecase;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SweepReportTest {
    @Test
    void adds_up_each_of_its_numbers() {
        assertThat(report(1, 2, 3, 4, 5, 6, 7, 8).plus(report(10, 20, 30, 40, 50, 60, 70, 80)))
                .isEqualTo(report(11, 22, 33, 44, 55, 66, 77, 88));
    }

    private static SweepReport report(int... n) {
        return new SweepReport(n[0], n[1], n[2], new SweepReport.Steps(n[3], n[4], n[5], n[6], n[7]));
    }
}
