package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.PipesReport;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a Java handler reports, beside what a process would. */
class PipesReportTest {
    @Test
    void is_what_a_process_that_says_the_same_would_give() throws Exception {
        PipesReport report = PipesReport.of(Map.of("rows", 842))
                .materialization("flights/days", "v1", Map.of("rows", new PipesReport.Metadata("int", 842)))
                .materialization("flights/months", Map.of("seen", true))
                .check("flights/days", "rows", false, PipesReport.Severity.WARN, Map.of())
                .custom("mine");

        PipesSession session = new PipesSession(new Attempt());
        say(session, "report_asset_materialization", """
                {"asset_key":"flights/days","data_version":"v1","metadata":{"rows":{"raw_value":842,"type":"int"}}}""");
        say(session, "report_asset_materialization", """
                {"asset_key":"flights/months","data_version":null,
                 "metadata":{"seen":{"raw_value":true,"type":"__infer__"}}}""");
        say(session, "report_asset_check", """
                {"asset_key":"flights/days","check_name":"rows","passed":false,"severity":"WARN","metadata":{}}""");
        say(session, "report_custom_message", "{\"payload\":\"mine\"}");
        say(session, "report_custom_message", "{\"payload\":{\"stepstile.result\":{\"rows\":842}}}");
        say(session, "closed", "{}");

        JsonNode reported = json(report.toResult());
        assertThat(reported.path("messages").size()).isEqualTo(4);
        assertThat(reported).isEqualTo(json(session.result(new ProcessExit.Status(0), "")));
    }

    @Test
    void is_empty_if_nothing_is_reported() throws Exception {
        assertThat(json(PipesReport.none().toResult())).isEqualTo(Json.object());
    }

    private static void say(PipesSession session, String method, String params) {
        session.accept("{\"__dagster_pipes_version\":\"0.1\",\"method\":\"" + method + "\",\"params\":"
                + params.replace("\n", " ") + "}");
    }

    private static JsonNode json(StepResult result) throws Exception {
        return Json.parse(Json.write(result.value()));
    }
}
