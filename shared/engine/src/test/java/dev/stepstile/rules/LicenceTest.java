package dev.stepstile.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Everything that is published states its licence. */
class LicenceTest {
    private static final Path BOM = Path.of("client/bom/pom.xml");

    private static final String SPDX = "Apache-2.0";

    /** Of https://www.apache.org/licenses/LICENSE-2.0.txt. */
    private static final String SHA_256 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30";

    @Test
    void the_licence_is_the_standard_text() throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Checkout.bytes(Checkout.file("LICENSE")));
        assertThat(HexFormat.of().formatHex(digest)).isEqualTo(SHA_256);
    }

    @Test
    void the_root_pom_states_licence_address_and_source() {
        String pom = Checkout.text(Checkout.file("pom.xml"));
        assertThat(member(pom, "licenses")).contains("<name>" + SPDX + "</name>");
        assertThat(member(pom, "scm")).contains("<connection>scm:git:");
        assertThat(member(pom, "url")).isNotBlank();
        assertThat(member(pom, "description")).isNotBlank();
    }

    @Test
    void every_module_inherits_the_licence_and_describes_itself() {
        List<Path> poms = Checkout.files("glob:**/pom.xml");
        assertThat(poms).hasSizeGreaterThan(10).allSatisfy(pom -> {
            String text = Checkout.text(pom);
            assertThat(member(text, "description")).as("description").isNotBlank();
            if (pom.endsWith(BOM)) { // without a parent, so that its users do not inherit other versions
                assertThat(member(text, "licenses")).contains("<name>" + SPDX + "</name>");
                return;
            }
            assertThat(member(text, "parent")).as("parent").contains("<artifactId>stepstile</artifactId>");
            assertThat(text).as("an own licence").doesNotContain("<licenses>");
        });
    }

    @Test
    void every_python_project_states_the_licence_and_holds_its_text() {
        List<Path> projects = Checkout.files("glob:**/pyproject.toml");
        assertThat(projects).hasSizeGreaterThan(1).allSatisfy(project -> {
            assertThat(Checkout.text(project))
                    // Alone, or with those of libraries that a wheel carries.
                    .containsPattern("\nlicense = \"" + SPDX + "( AND [A-Z0-9.a-z-]+)*\"\n")
                    .contains("\nlicense-files = [\"LICENSE\"]\n")
                    .contains("\ndescription = ");
            // A copy, as neither a wheel nor a container image's build takes a file from outside of its folder.
            assertThat(project.resolveSibling("LICENSE")).hasSameBinaryContentAs(Checkout.file("LICENSE"));
        });
    }

    /** The content of the first element of this name, or nothing. */
    private static String member(String xml, String name) {
        Matcher element = Pattern.compile("<" + name + "\\b[^>]*>(.*?)</" + name + ">", Pattern.DOTALL)
                .matcher(xml);
        return element.find() ? element.group(1) : "";
    }
}
