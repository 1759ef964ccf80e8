namespace Podvirt.Laboratory.Traces;

/// <summary>The size of a trace.</summary>
/// <param name="Models">Catalog entries.</param>
/// <param name="Nodes">Of <see cref="GpusPerNode"/> gpus each.</param>
/// <param name="Days">Simulated; the first one is for learning and is not measured.</param>
/// <param name="RequestsPerDay">Of all models together.</param>
internal sealed record TraceSettings(int Models, int Nodes, double Days, double RequestsPerDay)
{
    public const int GpusPerNode = 8;

    public const long GpuBytes = 80L << 30;

    /// <summary>Of each node, for level-1 sleepers: 1.5 TiB, of the 2 TiB that such nodes commonly have.</summary>
    public const long HostBytes = 1536L << 30;

    /// <summary>Popularity of the model of rank r is proportional to r to the minus this.</summary>
    public const double ZipfExponent = 1.05;

    public static TraceSettings Full { get; } = new(Models: 10_000, Nodes: 125, Days: 3, RequestsPerDay: 400_000);

    /// <summary>A tenth of everything, for trying something out.</summary>
    public static TraceSettings Quick { get; } = new(Models: 1_000, Nodes: 13, Days: 3, RequestsPerDay: 40_000);

    /// <summary>For learning; not measured.</summary>
    public const double WarmUpSeconds = 86_400;

    public double Seconds => Days * 86_400;
}
