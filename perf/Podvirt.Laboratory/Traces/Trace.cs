namespace Podvirt.Laboratory.Traces;

/// <param name="At">Seconds from the beginning.</param>
/// <param name="Service">Seconds at the engine.</param>
internal readonly record struct Arrival(double At, int Model, float Service);

/// <summary>A catalog and all requests of some days, in their order. Made from a seed, and read by several simulations.</summary>
internal sealed class Trace
{
    private const double Day = 86_400;

    private Trace(int seed, TraceSettings settings, ModelTraits[] models, Arrival[] arrivals)
    {
        Seed = seed;
        Settings = settings;
        Models = models;
        Arrivals = arrivals;
        var byModel = new List<double>[models.Length];
        for (var i = 0; i < byModel.Length; i++)
        {
            byModel[i] = [];
        }

        foreach (var arrival in arrivals)
        {
            byModel[arrival.Model].Add(arrival.At);
        }

        Times = [.. byModel.Select(times => times.ToArray())];
    }

    public int Seed { get; }

    public TraceSettings Settings { get; }

    public ModelTraits[] Models { get; }

    public Arrival[] Arrivals { get; }

    /// <summary>For each model its arrivals: for those who know the future.</summary>
    public double[][] Times { get; }

    public static Trace Make(int seed, TraceSettings settings)
    {
        var random = new Random(seed);
        var models = ModelMaker.Make(settings, random);
        var arrivals = new List<Arrival>((int)(settings.RequestsPerDay * settings.Days * 1.1));
        foreach (var model in models)
        {
            AddArrivals(model, settings.Seconds, random, arrivals);
        }

        var sorted = arrivals.ToArray();
        Array.Sort(sorted, static (x, y) => x.At != y.At ? x.At.CompareTo(y.At) : x.Model.CompareTo(y.Model));
        return new Trace(seed, settings, models, sorted);
    }

    private static void AddArrivals(ModelTraits model, double end, Random random, List<Arrival> arrivals)
    {
        // Three parts of the world, eight hours apart.
        var phase = random.Next(3) / 3.0;
        switch (model.Kind)
        {
            case ArrivalKind.Conversations:
                AddWaves(model, end, random, arrivals, perStart: 6, depth: 0.85, phase, gap: r => 8 + Draw.LogNormal(r, 25, 1));
                break;
            case ArrivalKind.Steady:
                AddWaves(model, end, random, arrivals, perStart: 1, depth: 0.5, phase, gap: _ => 0);
                break;
            case ArrivalKind.Batches:
                AddWaves(model, end, random, arrivals, perStart: 80, depth: 0.3, phase, gap: r => Draw.Exponential(r, 1.5));
                break;
            default:
                AddScheduled(model, end, random, arrivals);
                break;
        }
    }

    /// <summary>Starts at random, thinned by the hour of the day, and after each start a number of requests.</summary>
    private static void AddWaves(
        ModelTraits model, double end, Random random, List<Arrival> arrivals, double perStart, double depth, double phase,
        Func<Random, double> gap)
    {
        var mean = Day * perStart / model.RequestsPerDay / (1 + depth);
        for (var at = Draw.Exponential(random, mean); at < end; at += Draw.Exponential(random, mean))
        {
            var wave = 1 + (depth * Math.Sin(2 * Math.PI * ((at / Day) + phase)));
            if (random.NextDouble() * (1 + depth) < wave)
            {
                AddRun(model, at, Draw.Geometric(random, perStart), end, random, arrivals, gap);
            }
        }
    }

    private static void AddScheduled(ModelTraits model, double end, Random random, List<Arrival> arrivals)
    {
        double[] periods = [900, 3600, 6 * 3600, Day];
        // The shortest period that leaves at least one request for each time.
        var period = periods.FirstOrDefault(period => model.RequestsPerDay * period / Day >= random.Next(1, 12), Day);
        var each = Math.Max(1, model.RequestsPerDay * period / Day);
        for (var at = random.NextDouble() * period; at < end; at += period)
        {
            var jittered = at + Math.Abs(20 * Draw.Normal(random));
            AddRun(model, jittered, Draw.Geometric(random, each), end, random, arrivals, r => Draw.Exponential(r, 3));
        }
    }

    private static void AddRun(
        ModelTraits model, double at, int requests, double end, Random random, List<Arrival> arrivals, Func<Random, double> gap)
    {
        for (var i = 0; i < requests && at < end; i++)
        {
            arrivals.Add(new Arrival(at, model.Index, (float)Draw.LogNormal(random, 6, 0.8)));
            at += gap(random);
        }
    }
}
