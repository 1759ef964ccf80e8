namespace Podvirt.Simulator.Engine;

/// <summary>Everything the engine counts. Written by many requests at once, read by <c>/metrics</c> and <c>/sim/state</c>.</summary>
internal sealed class EngineStats
{
    private readonly long[] _finished = new long[Enum.GetValues<FinishReason>().Length];
    private long _requestsStarted;
    private long _requestsFinished;
    private long _requestsAborted;
    private long _prompts;
    private long _promptTokens;
    private long _generatedTokens;
    private long _cacheQueries;
    private long _cacheHits;
    private long _heldTokens;
    private long _inFlight;

    public Histogram TimeToFirstToken { get; } = new(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80);

    public Histogram InterTokenLatency { get; } = new(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80);

    public Histogram EndToEnd { get; } = new(0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960);

    public Histogram QueueTime { get; } = new(0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960);

    public long RequestsStarted => Interlocked.Read(ref _requestsStarted);

    /// <summary>Requests that got their whole reply.</summary>
    public long RequestsFinished => Interlocked.Read(ref _requestsFinished);

    /// <summary>Requests whose client left, or that the engine gave up.</summary>
    public long RequestsAborted => Interlocked.Read(ref _requestsAborted);

    public long Prompts => Interlocked.Read(ref _prompts);

    public long PromptTokens => Interlocked.Read(ref _promptTokens);

    public long GeneratedTokens => Interlocked.Read(ref _generatedTokens);

    public long CacheQueries => Interlocked.Read(ref _cacheQueries);

    public long CacheHits => Interlocked.Read(ref _cacheHits);

    /// <summary>Tokens whose keys and values the running sequences hold.</summary>
    public long HeldTokens => Interlocked.Read(ref _heldTokens);

    /// <summary>Inference requests between their arrival and the end of their reply.</summary>
    public long InFlight => Interlocked.Read(ref _inFlight);

    public long Finished(FinishReason reason) => Interlocked.Read(ref _finished[(int)reason]);

    public void Arrived()
    {
        Interlocked.Increment(ref _requestsStarted);
        Interlocked.Increment(ref _inFlight);
    }

    public void Departed(bool aborted)
    {
        Interlocked.Decrement(ref _inFlight);
        Interlocked.Increment(ref aborted ? ref _requestsAborted : ref _requestsFinished);
    }

    public void PromptSeen(int tokens, int cached)
    {
        Interlocked.Increment(ref _prompts);
        Interlocked.Add(ref _promptTokens, tokens);
        Interlocked.Add(ref _cacheQueries, tokens);
        Interlocked.Add(ref _cacheHits, cached);
    }

    public void Generated(int tokens)
    {
        Interlocked.Add(ref _generatedTokens, tokens);
        Interlocked.Add(ref _heldTokens, tokens);
    }

    public void Held(int tokens) => Interlocked.Add(ref _heldTokens, tokens);

    public void SequenceFinished(FinishReason reason) => Interlocked.Increment(ref _finished[(int)reason]);
}
