using System.Globalization;

namespace Podvirt.LocalCluster.Chaos;

/// <summary>How long things are broken, by which dice, and where the summary goes.</summary>
/// <param name="Results">A folder for the summary and what processes said; null: the summary is only printed.</param>
internal sealed record ChaosOptions(TimeSpan Time, int Seed, string? Results)
{
    public const string Usage = "chaos [--minutes M] [--seed N] [--results FOLDER]";

    /// <summary>Null: they are not understood.</summary>
    public static ChaosOptions? Read(IReadOnlyList<string> arguments)
    {
        var options = new ChaosOptions(TimeSpan.FromMinutes(1), Random.Shared.Next(), null);
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            switch (arguments[i])
            {
                case "--minutes" when double.TryParse(value, CultureInfo.InvariantCulture, out var minutes) && minutes > 0:
                    options = options with { Time = TimeSpan.FromMinutes(minutes) };
                    break;
                case "--seed" when int.TryParse(value, CultureInfo.InvariantCulture, out var seed):
                    options = options with { Seed = seed };
                    break;
                case "--results" when value.Length > 0:
                    options = options with { Results = value };
                    break;
                default:
                    return null;
            }
        }
        return options;
    }
}
