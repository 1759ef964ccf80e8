using System.Globalization;
using System.Net;
using Podvirt.Simulator.Faults;

namespace Podvirt.Simulator.Options;

/// <summary>One option: how it is spelled, what value it wants, and where the value goes.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Value">What the help shows for the value; null makes the option a switch that also has a <c>--no-</c> form.</param>
/// <param name="Help">One line.</param>
/// <param name="Apply">Stores the value; returns what would be right when the value is wrong, else null.</param>
/// <param name="Many">Takes every following argument that is not an option.</param>
internal sealed record OptionSpec(
    string Name, string? Value, string Help, Func<SimulatorOptions, string, string?> Apply, bool Many = false);

/// <summary>The whole option list, in the order in which the help prints it.</summary>
internal static class OptionTable
{
    public const string On = "true";
    public const string Off = "false";

    public static readonly IReadOnlyList<OptionSpec> All =
    [
        new("--host", "ADDRESS", "address to bind (127.0.0.1)", ApplyHost),
        Whole("--port", "port to bind (8000)", 0, 65_535, (o, v) => o.Port = v),
        new("--served-model-name", "NAME…", "name(s) that requests may use (MODEL)", (o, v) => { o.ServedModelNames.Add(v); return null; }, Many: true),
        Switch("--enable-sleep-mode", "let /sleep give the gpu memory back", (o, v) => o.EnableSleepMode = v),
        Text("--api-key", "KEY", "bearer token that /v1 asks for (VLLM_API_KEY)", (o, v) => o.ApiKey = v),
        Fraction("--gpu-memory-utilization", "share of each gpu to claim (0.9)", (o, v) => o.GpuMemoryUtilization = v),
        Whole("--max-model-len", "context length in tokens (32768)", 1, 10_000_000, (o, v) => o.MaxModelLength = v),
        Whole("--max-num-seqs", "sequences that run at once; more wait in order (64)", 1, 1_000_000, (o, v) => o.MaxSequences = v),
        Whole("--tensor-parallel-size", "gpus that the model needs (1)", 1, 1_024, (o, v) => o.TensorParallelSize = v),
        Whole("--shutdown-timeout", "seconds that SIGTERM lets running requests finish (0)", 0, 86_400, (o, v) => o.ShutdownTimeout = TimeSpan.FromSeconds(v)),
        Switch("--enable-prompt-tokens-details", "report cached_tokens in usage (on)", (o, v) => o.PromptTokensDetails = v),
        Switch("--omni", "serve as vllm-omni does: /v1/videos, and /v1/omni/sleep and /v1/omni/wakeup in place of /sleep and /wake_up", (o, v) => o.Omni = v),
        Text("--reasoning-parser", "NAME", "move thinking from content to its own field", (o, v) => o.ReasoningParser = v),
        Switch("--enable-auto-tool-choice", "let the model choose whether to call a function; needs --tool-call-parser", (o, v) => o.AutoToolChoice = v),
        Text("--tool-call-parser", "NAME", "find the calls of functions in what the model writes", (o, v) => o.ToolCallParser = v),

        Duration("--sim-load-download", "length of the download phase (0)", (o, v) => o.LoadDownload = v),
        Duration("--sim-load-weights", "length of the weights phase (1.2s)", (o, v) => o.LoadWeights = v),
        Duration("--sim-load-compile", "length of the compile phase (800ms)", (o, v) => o.LoadCompile = v),
        Duration("--sim-load-graphs", "length of the graph capture phase (500ms)", (o, v) => o.LoadGraphs = v),
        Duration("--sim-wake-level1", "wake time from level 1 (300ms)", (o, v) => o.WakeLevel1 = v),
        Duration("--sim-wake-level2", "wake time from level 2 (900ms)", (o, v) => o.WakeLevel2 = v),
        Duration("--sim-sleep", "time to fall asleep (200ms)", (o, v) => o.FallAsleep = v),
        Duration("--sim-ttft", "time to first token before prefill is added (60ms)", (o, v) => o.TimeToFirstToken = v),
        Duration("--sim-prefill-per-token", "prefill time of each prompt token that is not cached (20us)", (o, v) => o.PrefillPerToken = v),
        Duration("--sim-token-time", "time between two tokens (20ms)", (o, v) => o.TokenTime = v),
        Fraction("--sim-token-jitter", "how far a token's time strays, seeded, as a share of it (0)", (o, v) => o.TokenJitter = v),
        Whole("--sim-tokens-per-frame", "tokens that one streamed frame carries (1)", 1, 1_024, (o, v) => o.TokensPerFrame = v),
        Whole("--sim-tokens-min", "tokens that an answer has at least, unless the request says otherwise (0)", 0, 10_000_000, (o, v) => o.TokensMin = v),
        Switch("--sim-thinking", "think before the answer", (o, v) => o.Thinking = v),
        new("--sim-type", "chat|code|embedding|video", "what the model is for; video needs --omni (chat)", ApplyKind),
        Duration("--sim-video-time", "time to make one second of video (500ms)", (o, v) => o.VideoTime = v),
        Whole("--sim-videos-at-once", "videos that are made at once; more wait in order (1)", 1, 1_024, (o, v) => o.VideosAtOnce = v),
        Duration("--sim-video-sync-timeout", "longest that /v1/videos/sync may take (10m)", (o, v) => o.VideoSyncTimeout = v),
        Switch("--sim-no-continuous-usage", "ignore continuous_usage_stats, as older engines do", (o, v) => o.NoContinuousUsage = v),
        Switch("--sim-reject-continuous-usage", "refuse continuous_usage_stats with a 400", (o, v) => o.RejectContinuousUsage = v),
        Switch("--sim-legacy-errors", "send errors in the older flat shape", (o, v) => o.LegacyErrors = v),
        Switch("--sim-reasoning-content", "call the thinking field reasoning_content, as older engines do", (o, v) => o.ReasoningContent = v),
        Switch("--sim-content-parts", "name the parts of thinking in responses as OpenAI does, not reasoning_part", (o, v) => o.ContentParts = v),
        Switch("--sim-messages-done", "end streamed messages with [DONE], as older engines do", (o, v) => o.MessagesDone = v),
        Switch("--sim-messages-ping", "send a ping after message_start, as Anthropic does", (o, v) => o.MessagesPing = v),
        Switch("--sim-response-store", "keep responses for later requests (VLLM_ENABLE_RESPONSES_API_STORE)", (o, v) => o.ResponseStore = v),
        Switch("--sim-no-sleep-mode-param", "ignore the mode of /sleep, as older engines do", (o, v) => o.NoSleepModeParameter = v),
        Switch("--sim-reject-sleep-mode-param", "refuse the mode of /sleep with a 400", (o, v) => o.RejectSleepModeParameter = v),
        Text("--sim-gpu-dir", "DIR", "directory of the gpu memory account that engines share", (o, v) => o.GpuDirectory = v),
        Size("--sim-gpu-memory", "total memory of each gpu (80GiB)", (o, v) => o.GpuMemory = v),
        Size("--sim-gpu-asleep", "memory kept on each gpu while asleep (1.3GiB)", (o, v) => o.GpuAsleep = v),
        Size("--sim-gpu-leak", "memory that falling asleep fails to return, on each gpu (0)", (o, v) => o.GpuLeak = v),
        new("--sim-fault", "NAME[=ARG]", "misbehave from the start: " + string.Join(", ", FaultNames.All), ApplyFault),
    ];

    private static OptionSpec Text(string name, string value, string help, Action<SimulatorOptions, string> set) =>
        new(name, value, help, (o, v) =>
        {
            set(o, v);
            return null;
        });

    private static OptionSpec Switch(string name, string help, Action<SimulatorOptions, bool> set) =>
        new(name, null, help, (o, v) =>
        {
            set(o, v == On);
            return null;
        });

    private static OptionSpec Whole(string name, string help, int min, int max, Action<SimulatorOptions, int> set) =>
        new(name, "N", help, (o, v) =>
        {
            if (!int.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < min || number > max)
            {
                return $"a whole number from {min} to {max}";
            }

            set(o, number);
            return null;
        });

    private static OptionSpec Fraction(string name, string help, Action<SimulatorOptions, double> set) =>
        new(name, "0..1", help, (o, v) =>
        {
            if (!double.TryParse(v, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number is < 0 or > 1)
            {
                return "a number from 0 to 1";
            }

            set(o, number);
            return null;
        });

    private static OptionSpec Duration(string name, string help, Action<SimulatorOptions, TimeSpan> set) =>
        new(name, "TIME", help, (o, v) =>
        {
            if (!Quantities.TryParseDuration(v, out var time))
            {
                return "a duration such as 250ms or 1.5s";
            }

            set(o, time);
            return null;
        });

    private static OptionSpec Size(string name, string help, Action<SimulatorOptions, long> set) =>
        new(name, "SIZE", help, (o, v) =>
        {
            if (!Quantities.TryParseSize(v, out var bytes))
            {
                return "a size such as 80GiB or 512MiB";
            }

            set(o, bytes);
            return null;
        });

    private static string? ApplyHost(SimulatorOptions options, string value)
    {
        options.Host = value;
        return value == "localhost" || IPAddress.TryParse(value, out _) ? null : "an IP address or localhost";
    }

    private static string? ApplyKind(SimulatorOptions options, string value)
    {
        ModelKind? kind = value switch
        {
            "chat" => ModelKind.Chat,
            "code" => ModelKind.Code,
            "embedding" => ModelKind.Embedding,
            "video" => ModelKind.Video,
            _ => null,
        };
        options.Kind = kind ?? options.Kind;
        return kind is null ? "chat, code, embedding or video" : null;
    }

    private static string? ApplyFault(SimulatorOptions options, string value)
    {
        var parts = value.Split('=', 2);
        if (!Fault.TryCreate(parts[0], parts.Length > 1 ? parts[1] : null, times: null, out var fault, out var error))
        {
            return error;
        }

        options.Faults.Add(fault);
        return null;
    }
}
