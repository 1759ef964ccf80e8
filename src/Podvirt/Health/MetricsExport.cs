using System.Diagnostics.Metrics;
using System.Text;
using System.Text.RegularExpressions;
using Prometheus;

namespace Podvirt.Health;

/// <summary>Every meter called <c>Podvirt.*</c>, and the process's own numbers, in Prometheus' text format. In a registry of its own: the host's stays as it is.</summary>
internal sealed partial class MetricsExport : IDisposable
{
    public const string ContentType = PrometheusConstants.TextContentTypeWithVersionAndEncoding;

    private const string MeterPrefix = "Podvirt.";

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly IDisposable _adapter;

    public MetricsExport()
    {
        DotNetStats.Register(_registry);
        _adapter = MeterAdapter.StartListening(new MeterAdapterOptions
        {
            Registry = _registry,
            MetricFactory = Metrics.WithCustomRegistry(_registry),
            InstrumentFilterPredicate = static i => i.Meter.Name.StartsWith(MeterPrefix, StringComparison.Ordinal),
            ResolveHistogramBuckets = static i => Buckets(i),
        });
    }

    /// <summary>Each name once: the adapter writes the meter's name before the instrument's, which says it already.</summary>
    public async Task WriteAsync(Stream target, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, cancellationToken);
        var named = DoubledName().Replace(Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length), "podvirt_");
        await target.WriteAsync(Encoding.UTF8.GetBytes(named), cancellationToken);
    }

    public void Dispose() => _adapter.Dispose();

    /// <summary>Times from half a millisecond (a commit) to seventeen minutes (a large model's start); counts from 1 to 2¹⁹.</summary>
    private static double[] Buckets(Instrument instrument) =>
        instrument.Unit == "s" ? Histogram.ExponentialBuckets(0.0005, 2, 22) : Histogram.ExponentialBuckets(1, 2, 20);

    [GeneratedRegex("podvirt_[a-z]+_podvirt_", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DoubledName();
}
