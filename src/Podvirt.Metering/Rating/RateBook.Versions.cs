using Podvirt.Core.Usage;

namespace Podvirt.Metering.Rating;

public sealed partial class RateBook
{
    /// <summary>A model's rate by its version, as the store has it now; null where there is none. Version 0 costs nothing.</summary>
    /// <exception cref="System.Text.Json.JsonException">What is stored is no list of rates.</exception>
    public async ValueTask<Rate?> FindAsync(string model, int version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (version == 0)
        {
            return new Rate(model, 0, DateTimeOffset.UnixEpoch, 0, 0, 0);
        }
        await RefreshAsync([model], cancellationToken);
        return _versions.TryGetValue(model, out var versions) ? versions.Rates.FirstOrDefault(r => r.Version == version) : null;
    }
}
