namespace Podvirt.Laboratory.Traces;

/// <summary>Draws a catalog: sizes and times as published for engines of these sizes, popularity by Zipf's law.</summary>
internal static class ModelMaker
{
    private const long GiB = 1L << 30;

    public static ModelTraits[] Make(TraceSettings settings, Random random)
    {
        var ranks = Enumerable.Range(1, settings.Models).ToArray();
        random.Shuffle(ranks);
        var weights = ranks.Sum(rank => Math.Pow(rank, -TraceSettings.ZipfExponent));
        return [.. ranks.Select((rank, index) => Make(
            index, settings.RequestsPerDay * Math.Pow(rank, -TraceSettings.ZipfExponent) / weights, random))];
    }

    private static ModelTraits Make(int index, double requestsPerDay, Random random)
    {
        var kind = random.NextDouble() switch
        {
            < 0.6 => ArrivalKind.Conversations,
            < 0.8 => ArrivalKind.Steady,
            < 0.9 => ArrivalKind.Scheduled,
            _ => ArrivalKind.Batches,
        };
        // Small, middle, large, and large on four gpus.
        var (gpus, bytes, start, wake, sleep) = random.NextDouble() switch
        {
            < 0.55 => (1, random.Next(12, 25) * GiB, Draw.LogNormal(random, 45, 0.2), Draw.LogNormal(random, 0.8, 0.3), 2.0),
            < 0.80 => (1, random.Next(30, 55) * GiB, Draw.LogNormal(random, 75, 0.25), Draw.LogNormal(random, 2, 0.3), 3.5),
            < 0.95 => (random.Next(1, 3), 72 * GiB, Draw.LogNormal(random, 120, 0.3), Draw.LogNormal(random, 4, 0.25), 5.0),
            _ => (4, 72 * GiB, Draw.LogNormal(random, 220, 0.3), Draw.LogNormal(random, 6, 0.2), 6.0),
        };
        // Level 2 reads the weights again: three times a level-1 wake, by the published pairs.
        return new ModelTraits(
            index, kind, gpus, bytes, (long)(1.3 * GiB), gpus * bytes, start, wake, 3.2 * wake, sleep, requestsPerDay);
    }
}
