namespace Podvirt.Messaging;

/// <summary>What a write that returned survives.</summary>
public enum StateDurability
{
    /// <summary>The end of the machine, by a loss of power too: it is synced to the disk.</summary>
    Machine,

    /// <summary>
    /// The end of this process, however it ends; a crash of the whole machine may take the last such writes back. For what
    /// is true only as long as other processes of the same machine live. Waits for no disk.
    /// </summary>
    Process,
}
