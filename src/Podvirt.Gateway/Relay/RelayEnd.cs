namespace Podvirt.Gateway.Relay;

/// <summary>How an attempt at one replica ended.</summary>
internal enum RelayEnd
{
    /// <summary>The engine finished, the record is durable and the client was handed the end.</summary>
    Completed,

    /// <summary>The client left.</summary>
    ClientGone,

    /// <summary>The connection to the engine broke, or its answer ended without its end mark.</summary>
    EngineDied,

    /// <summary>The engine gave the request up (<c>finish_reason: abort</c>), as it does with all it has when it is stopped.</summary>
    EngineAborted,

    /// <summary>The engine was silent for too long.</summary>
    EngineStalled,

    /// <summary>The engine sent what is no valid answer.</summary>
    EngineMalformed,

    /// <summary>The engine reported an error in the middle of its stream; the client has been told.</summary>
    EngineError,

    /// <summary>The engine is well and has no room for this request now: 429, or 503 with a <c>Retry-After</c>.</summary>
    EngineBusy,

    /// <summary>The engine sleeps: it has not begun with this request, or hangs on it. Only a detached gateway gets so far.</summary>
    EngineAsleep,

    /// <summary>The engine finished, but its usage could not be made durable.</summary>
    UsageLost,

    /// <summary>A month's limit was used up in the middle of the stream; the record is durable and the client was handed an orderly end.</summary>
    QuotaSpent,

    /// <summary>The host stops and the drain time is over.</summary>
    Drained,
}
