package dev.stepstile.port;

/**
 * What is stored is not what was written: a bit flipped on the disk, a file lost or altered, an item edited by hand. Like
 * every failure of a port it stops only what needs the data; other than for those, trying again helps only after a repair.
 * The message names what is damaged and how to repair it.
 */
public final class DamagedData extends PortException {
    public DamagedData(String message, Throwable cause) {
        super(message, cause);
    }

    public DamagedData(String message) {
        super(message);
    }
}
