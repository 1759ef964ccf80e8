using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Http;

/// <summary>Reads that wait until their index moves on.</summary>
internal sealed class BlockingQuery(NomadState state, NomadFaults faults, CancellationToken stopping)
{
    private int _waiting;

    /// <summary>Queries that wait for a change now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <param name="read">The result and its own index: that of one object, or of the table that a list comes from.</param>
    public async Task<NomadAnswer> RunAsync(NomadRequest request, Func<NomadState, (JsonNode? Body, ulong Index)> read, string missing = "")
    {
        var least = request.Index;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(request.Context.RequestAborted, stopping);
        limit.CancelAfter(request.Wait);
        while (true)
        {
            var changed = state.Changed;
            var (body, index) = state.Read(read);
            index = Math.Max(index, 1);
            if (least == 0 || index > least || limit.IsCancellationRequested)
            {
                return new NomadAnswer(body, index, missing);
            }
            Interlocked.Increment(ref _waiting);
            await (faults.TakeMissedWakeUp() ? Task.Delay(Timeout.Infinite, limit.Token) : changed.WaitAsync(limit.Token))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Decrement(ref _waiting);
            request.Context.RequestAborted.ThrowIfCancellationRequested();
        }
    }

    /// <summary>A list of one table.</summary>
    public Task<NomadAnswer> ListAsync(NomadRequest request, string table, Func<NomadState, IEnumerable<JsonNode?>> read) =>
        RunAsync(request, s => (new JsonArray([.. read(s)]), s.Tables.GetValueOrDefault(table)));
}
