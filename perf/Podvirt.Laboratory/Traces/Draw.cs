namespace Podvirt.Laboratory.Traces;

/// <summary>Random variables.</summary>
internal static class Draw
{
    public static double Exponential(Random random, double mean) => -mean * Math.Log(1 - random.NextDouble());

    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static double LogNormal(Random random, double median, double sigma) => median * Math.Exp(sigma * Normal(random));

    /// <summary>1, 2, 3, … with this mean.</summary>
    public static int Geometric(Random random, double mean) =>
        mean <= 1 ? 1 : 1 + (int)(Math.Log(1 - random.NextDouble()) / Math.Log(1 - (1 / mean)));
}
