using System.Text.Json.Serialization;

namespace Podvirt.Fleet;

/// <summary>One model as <c>GET /api/models</c> and the <c>models</c> event show it.</summary>
/// <param name="Status">Cold, Warming Up, Active, Sleeping or Failed.</param>
/// <param name="Reason">Why it is Failed.</param>
/// <param name="Price">USD per million tokens as exact decimals; null: free.</param>
/// <param name="RequestsTotal">All requests ever metered, of all projects; null: the caller is no admin.</param>
/// <param name="InFlight">Requests at an engine now.</param>
/// <param name="Waiting">Parked requests now.</param>
/// <param name="StartupDurationMs">The last cold start, placing to Active.</param>
/// <param name="WarmUp">Set while it warms up.</param>
/// <param name="Failure">Set while it is Failed.</param>
/// <param name="Video">What a video model offers; null: it says nothing, or makes none.</param>
internal sealed record ModelView(
    string Id, string Vendor, string Name, string Type, string Engine, string Status, string? Reason, int FailedReplicas, int Revision,
    GpuView Gpu, ReplicasView Replicas, PriceView? Price, long? RequestsTotal, int InFlight, int Waiting, long? StartupDurationMs, WarmUpView? WarmUp, FailureView? Failure,
    VideoOfferView? Video);

/// <param name="Sizes">Width x height; empty: any.</param>
/// <param name="Seconds">Lengths; empty: any up to <paramref name="MaxSeconds"/>.</param>
/// <param name="MaxSeconds">The longest; null: not said.</param>
internal sealed record VideoOfferView(IReadOnlyList<string> Sizes, IReadOnlyList<decimal> Seconds, decimal? MaxSeconds, int? Fps);

internal sealed record GpuView(int Count, string? Type, long MemoryBytes);

internal sealed record ReplicasView(int Min, int Max, int Concurrency, int Active);

internal sealed record PriceView(string Prompt, string Cached, string Completion, string? Embeddings, string? VideoSecond);

/// <param name="EtaMs">What is left by this model's own history; 0 when that is over already.</param>
internal sealed record WarmUpView(string Phase, long ElapsedMs, long? EtaMs);

/// <param name="Code">model_start_failed, model_crashed, model_erroring, model_unschedulable or model_unreachable.</param>
/// <param name="RetryAt">UTC: the next request after this starts it again. Null: not before something is changed.</param>
/// <param name="LogTail">The engine's last lines; empty where no engine was started, or the caller is no admin.</param>
internal sealed record FailureView(string Code, string Reason, DateTimeOffset? RetryAt, IReadOnlyList<string> LogTail);

internal sealed record ModelList(IReadOnlyList<ModelView> Data)
{
    [JsonPropertyOrder(-1)]
    public string Object => "list";
}
