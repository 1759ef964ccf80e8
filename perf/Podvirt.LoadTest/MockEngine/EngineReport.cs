namespace Podvirt.LoadTest.MockEngine;

/// <summary>What an engine saw since its last report.</summary>
internal sealed record EngineReport
{
    public long Requests { get; init; }

    public long Tokens { get; init; }

    public int Running { get; init; }

    /// <summary>Answers that wait at this moment because their reader takes nothing.</summary>
    public int Blocked { get; init; }

    /// <summary>The most bytes that one blocked reader's path took before it stopped taking.</summary>
    public long BlockedBytesMax { get; init; }

    /// <summary>Answers whose client left before their end.</summary>
    public IReadOnlyList<AbandonedStream> Abandoned { get; init; } = [];
}

/// <param name="Id">The generator's number of the request.</param>
/// <param name="RequestId">The <c>X-Request-Id</c> that came with it.</param>
/// <param name="Sent">Tokens given to the kernel before the close was seen.</param>
/// <param name="Closed">When the close was seen, in nanoseconds on the monotonic clock.</param>
internal sealed record AbandonedStream(long Id, string? RequestId, int Sent, long Closed);
