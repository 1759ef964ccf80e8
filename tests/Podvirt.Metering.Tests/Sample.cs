using Podvirt.Core.Usage;

namespace Podvirt.Metering.Tests;

/// <summary>Usage records for tests.</summary>
internal static class Sample
{
    public static DateTimeOffset Noon { get; } = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Differs from others in id, start and prompt tokens.</summary>
    public static UsageRecord Record(int n = 1, string model = "m") => new()
    {
        Id = IdOf(n),
        Project = "default",
        Key = "key-1",
        Model = model,
        Revision = 1,
        Replica = "r1",
        Surface = "chat.completions",
        Outcome = UsageOutcome.Completed,
        Status = 200,
        Streamed = true,
        Tokens = new TokenCounts(100 + n, 40, 20, 5),
        Source = UsageSource.Engine,
        StartedAt = Noon.AddMilliseconds(n),
        QueuedUs = 21,
        ParkedUs = 17,
        FirstTokenUs = 1_234,
        DurationUs = 5_000,
        VideoUs = 250_000,
        ColdStart = true,
    };

    public static Guid IdOf(int n) => new(n, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8);
}
