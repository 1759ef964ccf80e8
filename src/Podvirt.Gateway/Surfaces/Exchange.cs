using Microsoft.AspNetCore.Http;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// One request from its acceptance to its usage record. Touched by one flow at a time; besides, its checkpoints are taken
/// while it runs.
/// </summary>
internal sealed class Exchange(HttpContext http, Guid id, Surface surface, TimeProvider time) : IRunningUsage
{
    // As many as a request may ask for.
    private const int ChoicesMax = 128;

    private const long NoToken = -1;

    private readonly long _started = time.GetTimestamp();
    private long[]? _completions;
    private RunningCounts _counts;
    private long _firstTokenTicks = NoToken;
    private volatile bool _isRecorded;

    // Versions of the counts: the checkpoint's that was taken last, and the one's that is on disk.
    private int _taken;
    private int _kept;

    public HttpContext Http => http;

    /// <summary>The request's and the usage record's id.</summary>
    public Guid Id => id;

    public Surface Surface => surface;

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public required Caller Caller { get; init; }

    /// <summary>What the client sent. Empty once an answer to it has begun to go out: nobody can send it again then.</summary>
    public required ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>Whose memory <see cref="Body"/> is.</summary>
    public IDisposable? BodyOwner { get; init; }

    public required PeekedRequest Request { get; init; }

    public required ModelDispatcher Dispatcher { get; init; }

    /// <summary>The session's number, for affinity.</summary>
    public required ulong Session { get; init; }

    /// <summary>The replica that took it last.</summary>
    public ReplicaSlots? Replica { get; set; }

    public AffinityOutcome Affinity { get; set; }

    public TimeSpan Authenticated { get; set; }

    public TimeSpan Parked { get; set; }

    public TimeSpan Connected { get; set; }

    /// <summary>From the start until it went to the engine that took it last.</summary>
    public TimeSpan Queued { get; set; }

    /// <summary>It found no replica awake.</summary>
    public bool ColdStart { get; set; }

    /// <summary>The engine's cumulative counts, as last read.</summary>
    public TokenCounts Tokens => _counts.Tokens;

    public UsageSource Source => _counts.Source;

    public TimeSpan? FirstToken => Volatile.Read(ref _firstTokenTicks) is var ticks and not NoToken ? TimeSpan.FromTicks(ticks) : null;

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    /// <summary>Takes over an engine's counts for the whole request.</summary>
    public void ReadCounts(TokenCounts tokens)
    {
        _counts.Write(tokens, UsageSource.Engine);
    }

    /// <summary>
    /// Takes over the counts on a chunk. Where several choices are generated (<c>n</c>), vLLM counts each one's
    /// completion by itself until the usage chunk at the end: they are added up.
    /// </summary>
    public void ReadCounts(TokenCounts tokens, int choice)
    {
        if (choice is < 0 or >= ChoicesMax || (choice == 0 && _completions is null))
        {
            ReadCounts(tokens);
            return;
        }
        if (_completions is null)
        {
            _completions = new long[ChoicesMax];
            _completions[0] = Tokens.Completion;
        }
        _completions[choice] = tokens.Completion;
        var sum = 0L;
        foreach (var completion in _completions)
        {
            sum += completion;
        }
        ReadCounts(tokens with { Completion = sum });
    }

    /// <summary>Long streams do not hold their requests.</summary>
    public void ReleaseBody()
    {
        Body = default;
        BodyOwner?.Dispose();
    }

    public void SawOutput()
    {
        if (_firstTokenTicks == NoToken)
        {
            Volatile.Write(ref _firstTokenTicks, Elapsed.Ticks);

            // What an engine without counts has begun is worth a checkpoint, too.
            _counts.Write(Tokens, Source);
        }
    }

    /// <summary>It has come further than the checkpoint that is on disk.</summary>
    public bool HasNewCounts => !_isRecorded && _counts.Version != _kept;

    /// <summary>Its record is on its way: no checkpoint may come after it.</summary>
    public void BeginRecord() => _isRecorded = true;

    /// <summary>By the outbox's thread, which also writes records: one of both comes first.</summary>
    public UsageRecord? TakeCheckpoint()
    {
        if (_isRecorded)
        {
            return null;
        }
        (var tokens, var source, _taken) = _counts.Read();
        return UsageRecorder.CheckpointOf(this, tokens, source);
    }

    public void CheckpointIsKept() => _kept = _taken;
}

/// <summary>One path of the API.</summary>
/// <param name="Name">As it stands in usage records.</param>
/// <param name="Path">The engine's path.</param>
internal sealed record Surface(RequestSurface Kind, string Name, ReadOnlyMemory<byte> Path)
{
    public static Surface ChatCompletions { get; } = new(RequestSurface.ChatCompletions, "chat.completions", "/v1/chat/completions"u8.ToArray());

    public static Surface Completions { get; } = new(RequestSurface.Completions, "completions", "/v1/completions"u8.ToArray());

    public static Surface Embeddings { get; } = new(RequestSurface.Embeddings, "embeddings", "/v1/embeddings"u8.ToArray());

    /// <summary>The console's chat.</summary>
    public static Surface Playground { get; } = ChatCompletions with { Name = "playground" };
}
