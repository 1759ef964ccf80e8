using Podvirt.Core.Gpus;
using Podvirt.Core.Models;

namespace Podvirt.Configuration;

/// <summary>What <c>podvirt.yaml</c> says, checked.</summary>
internal sealed record PodvirtConfig
{
    /// <summary>Where people reach this server; null: the address it listens on. Used for the console links that are printed.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Origins whose pages may call <c>/v1</c> from a browser; <c>*</c> for all. Default: none.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>Revision 1 throughout: the catalog gives the real one.</summary>
    public IReadOnlyList<ModelSpec> Models { get; init; } = [];

    public GpuSource Gpus { get; init; } = GpuSource.Auto;

    public Limits Limits { get; init; } = new();

    /// <summary>What is allowed but probably not meant.</summary>
    public IReadOnlyList<ConfigError> Warnings { get; init; } = [];
}

/// <summary>Where the gpus are taken from.</summary>
/// <param name="Devices">Exactly these; null: what the machine has.</param>
internal sealed record GpuSource(IReadOnlyList<GpuDevice>? Devices)
{
    public static GpuSource Auto { get; } = new((IReadOnlyList<GpuDevice>?)null);
}

/// <summary>How much is held, and for how long.</summary>
internal sealed record Limits
{
    /// <summary>Bytes of one request's body. 32 MiB: a chat with a few inlined pictures. 1 KiB to 1 GiB.</summary>
    public long MaxBodyBytes { get; init; } = 32L << 20;

    /// <summary>Parked requests of one model. 10,000: more than that wait longer than clients do. 0 to 1,000,000.</summary>
    public int ParkedRequests { get; init; } = 10_000;

    /// <summary>Bytes of the parked bodies of one model. 256 MiB: what parking may cost in memory. 0 B to 64 GiB.</summary>
    public long ParkedBytes { get; init; } = 256L << 20;

    /// <summary>Longest parking. Ten minutes: as long as a large model's start may take. 1 s to 24 h.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long running answers may go on after a stop was asked for. 30 s: what supervisors commonly grant. 0 s to 1 h.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);
}
