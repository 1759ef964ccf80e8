namespace Podvirt.Configuration;

/// <summary>What the console keeps, and how much it may ask at a time.</summary>
internal sealed record ConsoleSettings
{
    /// <summary>How long an answer's exact bytes and its thinking are kept after its end. 1 min to 30 days.</summary>
    public TimeSpan FramesTime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Bytes of one answer's stream that are kept. 64 MiB: some 200,000 tokens, a few hundred bytes each. 64 KiB to 4 GiB.</summary>
    public long FramesBytes { get; init; } = 64L << 20;

    /// <summary>Answers of all visitors that run at a time. 1 to 10,000.</summary>
    public int RunningAnswers { get; init; } = 256;

    /// <summary>Null: members sign in with passwords only.</summary>
    public OidcSettings? Oidc { get; init; }
}

/// <summary>Reads <c>console</c>.</summary>
internal static class ConsoleReader
{
    public static ConsoleSettings Read(MapReader top, Func<string, string?> environment)
    {
        var defaults = new ConsoleSettings();
        if (top.TakeMap("console", "console: { frames_time: 24h }") is not { } map)
        {
            return defaults;
        }
        var settings = new ConsoleSettings
        {
            FramesTime = map.TakeDuration("frames_time", TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)) ?? defaults.FramesTime,
            FramesBytes = map.TakeMemory("frames_bytes", 64L << 10, 4L << 30) ?? defaults.FramesBytes,
            RunningAnswers = map.TakeWhole("running_answers", defaults.RunningAnswers, 1, 10_000),
            Oidc = OidcReader.Read(map, environment),
        };
        map.Close();
        return settings;
    }
}
