using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Gpu;

/// <summary>A claim that does not fit.</summary>
/// <param name="Free">Bytes free on the gpu that lacks them.</param>
/// <param name="Total">That gpu's size.</param>
/// <param name="Wanted">Bytes wanted there.</param>
internal sealed record GpuShortage(string Gpu, long Free, long Total, long Wanted);

/// <summary>What this engine holds on each of its gpus. Without an account directory it holds nothing anywhere and everything fits.</summary>
internal sealed class GpuMemory
{
    // How much of an awake engine's memory its weights are; the rest is the KV cache and working space.
    private const double WeightsShare = 0.5;

    /// <summary>The account of the node's own memory, beside those of its gpus.</summary>
    private const string Host = "host";

    private readonly SimulatorOptions _options;
    private readonly GpuAccount[] _accounts;
    private readonly GpuAccount? _host;

    public GpuMemory(SimulatorOptions options, TimeProvider time, int pid)
    {
        _options = options;
        Gpus = VisibleGpus(options);
        _accounts = options.GpuDirectory is { } directory
            ? [.. Gpus.Select(gpu => new GpuAccount(directory, gpu, options.GpuMemory, time, pid))]
            : [];
        _host = options.GpuDirectory is { } folder ? new GpuAccount(folder, Host, long.MaxValue, time, pid) : null;
    }

    public IReadOnlyList<string> Gpus { get; }

    /// <summary>Bytes held on each gpu now.</summary>
    public long Held { get; private set; }

    public long Awake => (long)(_options.GpuMemoryUtilization * _options.GpuMemory);

    public long Asleep => _options.GpuAsleep + _options.GpuLeak;

    /// <summary>Bytes of host memory that a real engine would hold now beyond what it always does.</summary>
    public long HostHeld { get; private set; }

    /// <summary>What level 1 copies to host memory: the weights of all gpus.</summary>
    public long Copied => (WeightsOnly - Asleep) * Gpus.Count;

    /// <summary>With the weights back and the KV cache still gone.</summary>
    public long WeightsOnly => Asleep + (long)(WeightsShare * (Awake - Asleep));

    /// <summary>With the KV cache back and the weights still gone.</summary>
    public long CacheOnly => Asleep + (long)((1 - WeightsShare) * (Awake - Asleep));

    /// <summary>Takes or gives back memory until every gpu holds <paramref name="bytes"/>.</summary>
    /// <returns>The first shortage, nothing having changed; null when it fits.</returns>
    public async Task<GpuShortage?> HoldAsync(long bytes, CancellationToken token)
    {
        for (var i = 0; i < _accounts.Length; i++)
        {
            var (fits, free) = await _accounts[i].SetAsync(bytes, mustFit: bytes > Held, token);
            if (fits)
            {
                continue;
            }

            for (var taken = 0; taken < i; taken++)
            {
                await _accounts[taken].SetAsync(Held, mustFit: false, token);
            }

            return new GpuShortage(_accounts[i].Gpu, free, _accounts[i].Total, bytes);
        }

        Held = bytes;
        return null;
    }

    /// <summary>Nothing of it is allocated: only the account says so.</summary>
    public async Task HoldOnHostAsync(long bytes, CancellationToken token)
    {
        if (_host is not null && bytes != HostHeld)
        {
            await _host.SetAsync(bytes, mustFit: false, token);
        }

        HostHeld = bytes;
    }

    public async Task ReleaseAsync()
    {
        if (_host is not null)
        {
            await _host.ReleaseAsync();
        }

        foreach (var account in _accounts)
        {
            await account.ReleaseAsync();
        }

        (Held, HostHeld) = (0, 0);
    }

    /// <summary>The gpus of <c>CUDA_VISIBLE_DEVICES</c>; unset, the first ones, as many as the model needs.</summary>
    private static string[] VisibleGpus(SimulatorOptions options) =>
        options.VisibleDevices is null
            ? [.. Enumerable.Range(0, options.TensorParallelSize).Select(index => $"SIM-{index}")]
            : [.. options.VisibleDevices.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(device => int.TryParse(device, out var index) ? $"SIM-{index}" : device)];
}
