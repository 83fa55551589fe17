package dev.stepstile.cli.api;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.cloudformation.CloudFormationClient;
import software.amazon.awssdk.services.cloudformation.model.Stack;

/**
 * A stack that was deployed from the template, as CloudFormation describes it.
 *
 * @param name as it was given: a name or an ARN
 * @param status as CloudFormation has it: {@code UPDATE_COMPLETE}
 * @param outputs by name: {@code ApiUrl}, {@code QueueUrl}, {@code TableName} and others
 */
public record DeployedStack(String name, String status, Map<String, String> outputs) {
    private static final String API = "ApiUrl";

    /** Keeps a copy. */
    public DeployedStack {
        outputs = Map.copyOf(outputs);
    }

    /**
     * Needs the permission {@code cloudformation:DescribeStacks}.
     *
     * @throws StackException if there is no such stack, or CloudFormation refuses the call or cannot be reached
     */
    public static DeployedStack read(String name, AwsAccess access) {
        try (CloudFormationClient cloudFormation = access.client(CloudFormationClient.builder())) {
            List<Stack> found =
                    cloudFormation.describeStacks(call -> call.stackName(name)).stacks();
            Map<String, String> outputs = new TreeMap<>();
            found.getFirst().outputs().forEach(output -> outputs.put(output.outputKey(), output.outputValue()));
            return new DeployedStack(name, found.getFirst().stackStatusAsString(), outputs);
        } catch (AwsServiceException e) {
            throw StackException.refused(refusal(name, access, e));
        } catch (SdkClientException e) {
            throw StackException.notReached("CloudFormation cannot be asked for the stack " + name + ": "
                    + e.getMessage() + " Check the credentials (--profile, AWS_PROFILE), the region (--region) and the"
                    + " network; or name the API by --endpoint.");
        }
    }

    private static String refusal(String name, AwsAccess access, AwsServiceException e) {
        String region = access.regionOr(Optional.empty());
        String code = e.awsErrorDetails() == null
                ? ""
                : String.valueOf(e.awsErrorDetails().errorCode());
        if (code.equals("ValidationError")) {
            return "There is no stack " + name + " in " + region
                    + ": check its name and --region. The stacks there: aws" + " cloudformation list-stacks --region "
                    + region;
        }
        return String.format(
                Locale.ROOT,
                "CloudFormation refuses to describe the stack %s in %s (%s): the credentials need"
                        + " cloudformation:DescribeStacks. Or name the API by --endpoint.",
                name,
                region,
                code.isEmpty() ? "HTTP " + e.statusCode() : code);
    }

    /** @throws StackException if the stack is not one of Stepstile */
    public URI api() {
        return URI.create(output(API));
    }

    /** @throws StackException if the stack has no such output */
    public String output(String output) {
        String value = outputs.get(output);
        if (value == null) {
            throw StackException.refused("The stack " + name + " has no output " + output
                    + ": it is not one of Stepstile, or it is not deployed yet (" + status + ").");
        }
        return value;
    }
}
