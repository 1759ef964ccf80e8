namespace Podvirt.Simulator.Faults;

/// <summary>The spelling of every fault, shared by the command line and <c>/sim/faults</c>.</summary>
internal static class FaultNames
{
    /// <summary>The process is gone, as if killed, once a stream has sent this many tokens.</summary>
    public const string DieAfterTokens = "die-after-tokens";

    /// <summary>A generation stops making progress after this many tokens, its connection stays open.</summary>
    public const string HangAfterTokens = "hang-after-tokens";

    /// <summary>Inference requests are read and never answered; with the argument <c>all</c>, so is everything outside <c>/sim</c>; with a
    /// path for an argument, only what asks for that path.</summary>
    public const string Hang = "hang";

    /// <summary>Every request outside <c>/sim</c> has its connection closed, or gets a 503 with the argument <c>503</c>; with a path
    /// for an argument, only what asks for that path has its connection closed.</summary>
    public const string Refuse = "refuse";

    /// <summary>The start ends with exit code 1 after the weights phase.</summary>
    public const string FailStart = "fail-start";

    /// <summary>The weights phase takes this much longer.</summary>
    public const string SlowStart = "slow-start";

    /// <summary><c>/sleep</c> answers 500 and the engine stays awake.</summary>
    public const string FailSleep = "fail-sleep";

    /// <summary><c>/wake_up</c> answers 500 and the engine stays asleep.</summary>
    public const string FailWake = "fail-wake";

    /// <summary><c>/wake_up</c> answers 500 and the engine stays asleep, with the memory that it took for the wake.</summary>
    public const string LeakWake = "leak-wake";

    /// <summary><c>/wake_up</c> takes this much longer.</summary>
    public const string SlowWake = "slow-wake";

    /// <summary><c>/sleep</c> answers 200 but gives no gpu memory back.</summary>
    public const string MemoryNotReturned = "memory-not-returned";

    /// <summary><c>/wake_up</c> leaves the copy of the weights in host memory.</summary>
    public const string HostMemoryKept = "host-memory-kept";

    /// <summary>One frame in the middle of a stream is not JSON.</summary>
    public const string MalformedFrame = "malformed-frame";

    /// <summary>A stream ends with an error frame and the end marker; a plain request gets a 500.</summary>
    public const string ErrorMidStream = "error-mid-stream";

    /// <summary>Inference requests get this status and an error body.</summary>
    public const string ErrorStatus = "error-status";

    /// <summary>A stream's connection closes in the middle of a frame.</summary>
    public const string CutStream = "cut-stream";

    /// <summary>No reply carries any usage.</summary>
    public const string NoUsage = "no-usage";

    /// <summary>A video fails half way: with a reason, and a status before it where that is not 500, as in <c>400:Blocked.</c></summary>
    public const string FailVideo = "fail-video";

    /// <summary>A video stays half made; with the argument <c>deaf</c> it cannot be cancelled either.</summary>
    public const string HangVideo = "hang-video";

    /// <summary>The engine forgets a job half way, as if it had been started anew.</summary>
    public const string LoseVideo = "lose-video";

    /// <summary>The process is gone, as if killed, half way through a video.</summary>
    public const string DieInVideo = "die-in-video";

    /// <summary>The connection closes after half of a video's file.</summary>
    public const string CutVideo = "cut-video";

    public static readonly IReadOnlyList<string> All =
    [
        DieAfterTokens, HangAfterTokens, Hang, Refuse, FailStart, SlowStart, FailSleep, FailWake, LeakWake, SlowWake,
        MemoryNotReturned, HostMemoryKept, MalformedFrame, ErrorMidStream, ErrorStatus, CutStream, NoUsage,
        FailVideo, HangVideo, LoseVideo, DieInVideo, CutVideo,
    ];
}
