package dev.stepstile.webhook;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses a webhook may have. The ranges are those of IANA's registries of special-purpose addresses, for
 * <a href="https://www.iana.org/assignments/iana-ipv4-special-registry">IPv4</a> and
 * <a href="https://www.iana.org/assignments/iana-ipv6-special-registry">IPv6</a>.
 */
final class AddressRules {
    /** Refused unless the stack allows private addresses: shared, private and loopback ones. */
    private static final List<Range> PRIVATE = List.of(
            range("10.0.0.0", 8),
            range("100.64.0.0", 10),
            range("127.0.0.0", 8),
            range("172.16.0.0", 12),
            range("192.168.0.0", 16),
            range("::1", 128),
            range("fc00::", 7));

    /** Refused always: addresses of no host, link-local ones with the metadata of clouds, and those that only hide another. */
    private static final List<Range> NEVER = List.of(
            range("0.0.0.0", 8),
            range("169.254.0.0", 16),
            range("192.0.0.0", 24),
            range("192.0.2.0", 24),
            range("192.88.99.0", 24),
            range("198.18.0.0", 15),
            range("198.51.100.0", 24),
            range("203.0.113.0", 24),
            range("224.0.0.0", 3),
            range("fd00:ec2::254", 128), // EC2's metadata
            range("fd20:ce::254", 128), // Google Cloud's
            range("2001::", 23), // Teredo among them
            range("2001:db8::", 32),
            range("2002::", 16), // 6to4: holds an IPv4 address
            range("3fff::", 20));

    /** All that is routed in public. */
    private static final Range PUBLIC_IPV6 = range("2000::", 3);

    private AddressRules() {}

    /** Why the address is not connected to; null if it may be. */
    static @Nullable String refusal(InetAddress address, boolean privateAllowed) {
        byte[] bytes = address.getAddress();
        if (NEVER.stream().anyMatch(range -> range.has(bytes))) {
            return "it has an address of a reserved or link-local range";
        }
        if (PRIVATE.stream().anyMatch(range -> range.has(bytes))) {
            return privateAllowed ? null : "it has a private or loopback address, which this stack does not allow";
        }
        return switch (address) {
            case Inet4Address _ -> null;
            case Inet6Address _ when PUBLIC_IPV6.has(bytes) -> null;
            default -> "it has an address that is not public"; // IPv4-compatible and NAT64 ones, site-local ones
        };
    }

    /** The addresses that begin with the same bits. */
    private record Range(InetAddress start, int bits) {
        boolean has(byte[] address) {
            byte[] first = start.getAddress();
            if (address.length != first.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit++) {
                int mask = 0x80 >> bit % 8;
                if ((address[bit / 8] & mask) != (first[bit / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static Range range(String first, int bits) {
        try {
            return new Range(InetAddress.ofLiteral(first), bits);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("'" + first + "' is an address", e);
        }
    }
}
