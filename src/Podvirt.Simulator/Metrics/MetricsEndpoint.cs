using System.Globalization;
using System.Text;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Sleep;

namespace Podvirt.Simulator.Metrics;

/// <summary><c>GET /metrics</c> in the Prometheus text format, under the engine's own names.</summary>
internal sealed class MetricsEndpoint(SimulatedEngine engine, SleepController sleep)
{
    // Of the KV cache, per sequence that may run at once: enough for a common conversation.
    private const double CacheTokensPerSequence = 4_096;

    private static readonly FinishReason[] _reasons = [FinishReason.Stop, FinishReason.Length, FinishReason.Abort, FinishReason.Error];

    private readonly string _labels = $"engine=\"0\",model_name=\"{Escape(engine.Options.ServedModelNames[0])}\"";

    public async Task HandleAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await context.Response.WriteAsync(Render(), context.RequestAborted);
    }

    private string Render()
    {
        var stats = engine.Stats;
        var text = new StringBuilder(8_192);
        var cacheTokens = CacheTokensPerSequence * engine.Options.MaxSequences;
        Gauge(text, "num_requests_running", "Requests in execution.", engine.Admission.Running + engine.Videos.Running);
        Gauge(text, "num_requests_waiting", "Requests that wait for a slot.", engine.Admission.Waiting + engine.Videos.Waiting);
        Gauge(text, "kv_cache_usage_perc", "Share of the KV cache in use, 1 being all of it.", Math.Min(1, stats.HeldTokens / cacheTokens));
        SleepState(text);
        Counter(text, "prefix_cache_queries", "Prompt tokens looked up in the prefix cache.", stats.CacheQueries);
        Counter(text, "prefix_cache_hits", "Prompt tokens found in the prefix cache.", stats.CacheHits);
        Counter(text, "prompt_tokens", "Prompt tokens processed.", stats.PromptTokens);
        Counter(text, "generation_tokens", "Tokens generated.", stats.GeneratedTokens);
        Counter(text, "num_preemptions", "Requests preempted.", 0);
        Head(text, "request_success_total", "Sequences by how they ended.", "counter");
        foreach (var reason in _reasons)
        {
            Line(text, "request_success_total", $",finished_reason=\"{reason.Name()}\"", stats.Finished(reason));
        }

        Histogram(text, "time_to_first_token_seconds", "From arrival to the first token.", stats.TimeToFirstToken);
        Histogram(text, "inter_token_latency_seconds", "Between two outputs of a sequence.", stats.InterTokenLatency);
        Histogram(text, "e2e_request_latency_seconds", "From arrival to the end.", stats.EndToEnd);
        Histogram(text, "request_queue_time_seconds", "From arrival to a slot.", stats.QueueTime);
        return text.ToString();
    }

    private void SleepState(StringBuilder text)
    {
        const string Name = "engine_sleep_state";
        Head(text, Name, "Whether the engine is awake, has offloaded its weights (level 1) or discarded all (level 2).", "gauge");
        Line(text, Name, ",sleep_state=\"awake\"", sleep.IsSleeping ? 0 : 1);
        Line(text, Name, ",sleep_state=\"weights_offloaded\"", sleep is { IsSleeping: true, Level: 1 } ? 1 : 0);
        Line(text, Name, ",sleep_state=\"discard_all\"", sleep is { IsSleeping: true, Level: 2 } ? 1 : 0);
    }

    private void Gauge(StringBuilder text, string name, string help, double value)
    {
        Head(text, name, help, "gauge");
        Line(text, name, "", value);
    }

    private void Counter(StringBuilder text, string name, string help, double value)
    {
        Head(text, name + "_total", help, "counter");
        Line(text, name + "_total", "", value);
    }

    private void Histogram(StringBuilder text, string name, string help, Histogram histogram)
    {
        Head(text, name, help, "histogram");
        var counts = histogram.Cumulative();
        for (var i = 0; i < counts.Length; i++)
        {
            var bound = i < histogram.Bounds.Count ? Number(histogram.Bounds[i]) : "+Inf";
            Line(text, name + "_bucket", $",le=\"{bound}\"", counts[i]);
        }

        Line(text, name + "_count", "", counts[^1]);
        Line(text, name + "_sum", "", histogram.SumSeconds);
    }

    private static void Head(StringBuilder text, string name, string help, string type) =>
        text.Append("# HELP vllm:").Append(name).Append(' ').Append(help).Append("\n# TYPE vllm:").Append(name).Append(' ').Append(type).Append('\n');

    private void Line(StringBuilder text, string name, string moreLabels, double value) =>
        text.Append("vllm:").Append(name).Append('{').Append(_labels).Append(moreLabels).Append("} ").Append(Number(value)).Append('\n');

    private static string Number(double value) =>
        value == Math.Floor(value) && Math.Abs(value) < 1e15
            ? value.ToString("F1", CultureInfo.InvariantCulture)
            : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escape(string label) =>
        label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
