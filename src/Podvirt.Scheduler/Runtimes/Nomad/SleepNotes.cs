using System.Text.Json;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>
/// What the next scheduler has to know of a replica beside its job, which cannot carry it: <c>nomad/sleep/&lt;replica&gt;</c> in the
/// state store.
/// </summary>
internal sealed class SleepNotes(IStateStore store)
{
    private const string KeyPrefix = "nomad/sleep/";

    /// <param name="Level">How deep its last sleep was to be.</param>
    /// <param name="HostBase">What its processes held of host memory before their first sleep, in bytes.</param>
    internal sealed record Note(int Level, long? HostBase);

    /// <exception cref="IOException">The store does not answer.</exception>
    public async ValueTask WriteAsync(string replica, Note note, CancellationToken cancellationToken) =>
        await store.PutAsync(KeyPrefix + replica, StateJson.ToBytes(note), StateDurability.Process, cancellationToken);

    /// <summary>Null: it has not slept, or nobody can tell.</summary>
    public async ValueTask<Note?> ReadAsync(string replica, CancellationToken cancellationToken)
    {
        try
        {
            return (await store.GetAsync(KeyPrefix + replica, cancellationToken))?.Read<Note>();
        }
        catch (JsonException)
        {
            // It sleeps as deep as it says itself; only how much of the node's memory that takes is measured anew.
            return null;
        }
    }

    public async ValueTask ForgetAsync(string replica, CancellationToken cancellationToken) =>
        await store.DeleteAsync(KeyPrefix + replica, null, StateDurability.Process, cancellationToken);
}
