package dev.stepstile.usecase;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SweepReportTest {
    @Test
    void adds_up_each_of_its_numbers() {
        assertThat(new SweepReport(1, 2, 3, 4, 5, 6, 7, 8).plus(new SweepReport(10, 20, 30, 40, 50, 60, 70, 80)))
                .isEqualTo(new SweepReport(11, 22, 33, 44, 55, 66, 77, 88));
    }
}
