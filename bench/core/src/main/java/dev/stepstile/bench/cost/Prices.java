package dev.stepstile.bench.cost;

/** AWS's list prices in us-east-1, in dollars, as of November 2026. */
final class Prices {
    static final double WRITE_UNIT = 0.625e-6;
    static final double READ_UNIT = 0.125e-6;
    static final double SQS_REQUEST = 0.40e-6;
    static final double INVOCATION = 0.20e-6;

    /** On arm64. */
    static final double GB_SECOND = 13.3334e-6;

    static final double LOG_GB = 0.50;

    /** API Gateway, HTTP API. */
    static final double API_CALL = 1.00e-6;

    static final double SCHEDULED_CALL = 1.00e-6;
    static final double ALARM_MONTH = 0.10;

    private Prices() {}
}
