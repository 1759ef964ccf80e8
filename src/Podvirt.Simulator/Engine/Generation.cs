using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Engine;

/// <summary>One request's sequences, which advance together.</summary>
internal sealed class Generation(IReadOnlyList<Sequence> sequences, GenerationFaults faults, ulong jitterSeed, CancellationToken client) : IDisposable
{
    private readonly CancellationTokenSource _ended = CancellationTokenSource.CreateLinkedTokenSource(client);
    private ulong _jitter = jitterSeed;

    public IReadOnlyList<Sequence> Sequences => sequences;

    public GenerationFaults Faults { get; set; } = faults;

    /// <summary>Cancelled when the client has left or the engine gives the request up.</summary>
    public CancellationToken Ended => _ended.Token;

    public bool ClientLeft => client.IsCancellationRequested;

    public int GeneratedTokens => sequences.Sum(sequence => sequence.GeneratedTokens);

    public int PromptTokens { get; init; }

    public int CachedTokens => sequences.Sum(sequence => sequence.CachedTokens);

    /// <summary>The bits that the next token's jitter is made of.</summary>
    public ulong NextJitter() => Chooser.Step(ref _jitter);

    public void Abort()
    {
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself in the meantime.
        }
    }

    /// <summary>Ends the sequences that still run, and tells the sink.</summary>
    public async ValueTask EndAllAsync(FinishReason reason, IGenerationSink sink)
    {
        var deltas = new List<(Part Part, string Text)>(1);
        foreach (var sequence in sequences)
        {
            if (sequence.Finish == FinishReason.None)
            {
                deltas.Clear();
                sequence.Abort(reason, deltas);
                await sink.WriteAsync(sequence, deltas);
            }
        }
    }

    public void Dispose()
    {
        foreach (var sequence in sequences)
        {
            sequence.Dispose();
        }

        _ended.Dispose();
    }
}
