using System.Text;
using Microsoft.AspNetCore.Http;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Idempotency;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Responses;
using Podvirt.Gateway.Routing;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// One request from its acceptance to its usage record. Touched by one flow at a time; besides, its checkpoints are taken
/// while it runs.
/// </summary>
internal sealed class Exchange(HttpContext http, Guid id, Surface surface, TimeProvider time) : IRunningUsage
{
    // An engine that sends more than it was asked for is followed so far.
    private const int ChoicesMin = 128;

    private const long NoToken = -1;

    private readonly long _started = time.GetTimestamp();
    private ChoiceCounts? _choices;
    private bool? _isStream;
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

    /// <summary>Its answer comes as events. Where the request leaves that to the engine, it is known once that answers.</summary>
    public bool IsStream
    {
        get => _isStream ?? Request.Stream;
        set => _isStream = value;
    }

    /// <summary>Choices that its stream is followed for.</summary>
    public int ChoicesMax => Math.Max(ChoicesMin, (int)Math.Min((long)Math.Max(1, Request.Choices) * Math.Max(1, Request.Prompts), RequestPeeker.StreamChoicesMax));

    public required ModelDispatcher Dispatcher { get; init; }

    /// <summary>By what the client wants to be told what its answer costs; null: it does not.</summary>
    public RateBoard? Rates { get; init; }

    /// <summary>The rate version by which it was told.</summary>
    public int? QuotedRate { get; private set; }

    /// <summary>Takes down its reply for retries; null: it is not kept.</summary>
    public ReplyCapture? Capture { get; init; }

    /// <summary>Where its response is noted once it has ended; null: nowhere.</summary>
    public KeptResponses? Kept { get; init; }

    /// <summary>The response that it goes on from, whose replica alone can serve it; null: any can.</summary>
    public KeptResponse? Previous { get; init; }

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

    /// <summary>From the start until it went to the engine that took it last.</summary>
    public TimeSpan Queued { get; set; }

    /// <summary>It found no replica awake.</summary>
    public bool ColdStart { get; set; }

    /// <summary>The engine's cumulative counts, as last read.</summary>
    public TokenCounts Tokens => _counts.Tokens;

    public UsageSource Source => _counts.Source;

    public TimeSpan? FirstToken => Volatile.Read(ref _firstTokenTicks) is var ticks and not NoToken ? TimeSpan.FromTicks(ticks) : null;

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    /// <summary>What an engine reported that cannot be; null: nothing of the kind.</summary>
    public string? Disbelieved { get; private set; }

    /// <summary>Takes over an engine's counts for the whole request. They are cumulative: counts that shrink are none.</summary>
    public void ReadCounts(TokenCounts tokens)
    {
        if (Source == UsageSource.Quarantined)
        {
            return;
        }
        var last = Tokens;
        if (tokens.Prompt < last.Prompt || tokens.Completion < last.Completion)
        {
            Disbelieve($"its counts shrank from {last.Prompt} + {last.Completion} to {tokens.Prompt} + {tokens.Completion}");
            return;
        }
        _counts.Write(tokens, UsageSource.Engine);
    }

    /// <summary>From here on nothing that the engine counts is believed. What was read before is kept for inspection, not billed.</summary>
    public void Disbelieve(string what)
    {
        if (Source != UsageSource.Quarantined)
        {
            Disbelieved = what;
            _counts.Write(Tokens, UsageSource.Quarantined);
        }
    }

    /// <summary>Another replica counts from the beginning.</summary>
    public void ForgetCounts()
    {
        if (Source != UsageSource.None)
        {
            _choices = null;
            Disbelieved = null;
            _counts.Write(default, UsageSource.None);
        }
    }

    /// <summary>
    /// Takes over the counts on a chunk. Where several choices are generated (<c>n</c>, or several prompts), vLLM counts each one
    /// by itself until the usage chunk at the end: they are added up.
    /// </summary>
    /// <returns>
    /// False: the request is beyond its limits. The counts stay what they were, because the chunk is not handed on; but of a first one the
    /// prompt is taken, for it was worked through.
    /// </returns>
    public bool TryReadCounts(TokenCounts tokens, int choice)
    {
        var isOneOfMany = choice >= 0 && (choice > 0 || _choices is not null || Request.Prompts > 1) && choice < ChoicesMax;
        if (!isOneOfMany)
        {
            return TryTake(tokens);
        }
        if (_choices is null)
        {
            _choices = new ChoiceCounts(Request.Prompts > 1 ? Math.Max(1, Request.Choices) : ChoicesMax, ChoicesMax);
            if (Source != UsageSource.None)
            {
                _choices.Add(0, Tokens);
            }
        }
        var before = _choices.Of(choice);
        if (TryTake(_choices.Add(choice, tokens)))
        {
            return true;
        }
        _choices.Restore(choice, before);
        return false;
    }

    /// <summary>
    /// What the counts so far cost, by the rate of now; the record keeps that version. Counts that cannot be are billed at
    /// zero.
    /// </summary>
    public Cost Quote()
    {
        var rate = Rates!.Now(Dispatcher.Model.Id);
        QuotedRate = rate.Version;
        return Source == UsageSource.Engine && BilledAmounts.CanBill(Tokens) ? rate.CostOf(BilledAmounts.Of(Surface.Name, Tokens)) : Cost.Zero;
    }

    /// <summary>Completes, and never fails, when other gateways know where its response is; null: there is nothing to wait for.</summary>
    public Task? Keeping { get; private set; }

    /// <summary>The engine has a response of this id, complete or not.</summary>
    public void KeepResponse(ReadOnlySpan<byte> id)
    {
        if (Kept is not null && id.Length > 0 && Replica is { } replica)
        {
            var response = new KeptResponse(Encoding.UTF8.GetString(id), Dispatcher.Model.Id, replica.Route.Id);
            Kept.Add(Caller.Project, response);
            Keeping = Kept.ShareAsync(Caller.Project, response);
        }
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

    private bool TryTake(TokenCounts tokens)
    {
        // One comparison a chunk; the limits are asked once for many. Counts that cannot be are billed at zero, so they spend nothing.
        var isWithin = Reservation is not { } reservation || (tokens.Completion <= reservation.CompletionMax && tokens.Prompt <= Tokens.Prompt)
            || Source == UsageSource.Quarantined || !BilledAmounts.CanBill(tokens) || reservation.TryCover(tokens);
        if (isWithin || Source == UsageSource.None)
        {
            ReadCounts(isWithin ? tokens : tokens with { Completion = 0, Reasoning = 0 });
        }
        return isWithin;
    }
}
