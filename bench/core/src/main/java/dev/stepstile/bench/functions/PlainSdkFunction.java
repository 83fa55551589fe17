package dev.stepstile.bench.functions;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.sqs.SqsClient;

/** What any function that uses a table and a queue does at least: it builds two clients, and makes a call with each. */
public final class PlainSdkFunction implements RequestHandler<SQSEvent, SQSBatchResponse> {
    private final DynamoDbClient dynamoDb = DynamoDbClient.builder()
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .build();
    private final SqsClient sqs = SqsClient.builder()
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .build();

    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        AttributeValue absent = AttributeValue.fromS("absent");
        dynamoDb.getItem(
                read -> read.tableName(System.getenv("STEPSTILE_TABLE")).key(Map.of("pk", absent, "sk", absent)));
        sqs.getQueueAttributes(read -> read.queueUrl(System.getenv("STEPSTILE_QUEUE_URL"))
                .attributeNamesWithStrings("ApproximateNumberOfMessages"));
        return new SQSBatchResponse(List.of());
    }
}
