using Microsoft.AspNetCore.Http;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway.Surfaces;

/// <summary>One request from its acceptance to its usage record. Touched by one flow at a time.</summary>
internal sealed class Exchange(HttpContext http, Guid id, Surface surface, TimeProvider time)
{
    /// <summary>As many as a request may ask for.</summary>
    public const int ChoicesMax = 128;

    private readonly long _started = time.GetTimestamp();
    private long[]? _completions;

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

    /// <summary>What it holds of its limits; null: nothing limits it.</summary>
    public Reservation? Reservation { get; init; }

    /// <summary>The session's number, for affinity.</summary>
    public required ulong Session { get; init; }

    /// <summary>The replica that took it last.</summary>
    public ReplicaSlots? Replica { get; set; }

    public AffinityOutcome Affinity { get; set; }

    public TimeSpan Authenticated { get; set; }

    public TimeSpan Parked { get; set; }

    public TimeSpan Connected { get; set; }

    /// <summary>It found no replica awake.</summary>
    public bool ColdStart { get; set; }

    /// <summary>The engine's cumulative counts, as last read.</summary>
    public TokenCounts Tokens { get; private set; }

    public UsageSource Source { get; private set; }

    public TimeSpan? FirstToken { get; private set; }

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    /// <summary>Takes over an engine's counts for the whole request.</summary>
    public void ReadCounts(TokenCounts tokens)
    {
        Tokens = tokens;
        Source = UsageSource.Engine;
    }

    /// <summary>
    /// Takes over the counts on a chunk. Where several choices are generated (<c>n</c>), vLLM counts each one's
    /// completion by itself until the usage chunk at the end: they are added up.
    /// </summary>
    /// <returns>
    /// False: the request is beyond its limits. The counts stay what they were, because the chunk is not handed on; but of a first one the
    /// prompt is taken, for it was worked through.
    /// </returns>
    public bool TryReadCounts(TokenCounts tokens, int choice)
    {
        var isOneOfMany = choice is >= 0 and < ChoicesMax && (choice > 0 || _completions is not null);
        if (!isOneOfMany)
        {
            return TryTake(tokens);
        }
        if (_completions is null)
        {
            _completions = new long[ChoicesMax];
            _completions[0] = Tokens.Completion;
        }
        var before = _completions[choice];
        _completions[choice] = tokens.Completion;
        var sum = 0L;
        foreach (var completion in _completions)
        {
            sum += completion;
        }
        if (TryTake(tokens with { Completion = sum }))
        {
            return true;
        }
        _completions[choice] = before;
        return false;
    }

    /// <summary>Long streams do not hold their requests.</summary>
    public void ReleaseBody()
    {
        Body = default;
        BodyOwner?.Dispose();
    }

    public void SawOutput() => FirstToken ??= Elapsed;

    private bool TryTake(TokenCounts tokens)
    {
        // One comparison a chunk; the limits are asked once for many.
        var isWithin = Reservation is not { } reservation || tokens.Completion <= reservation.CompletionMax || reservation.TryCover(tokens);
        if (isWithin || Source == UsageSource.None)
        {
            ReadCounts(isWithin ? tokens : tokens with { Completion = 0, Reasoning = 0 });
        }
        return isWithin;
    }
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
