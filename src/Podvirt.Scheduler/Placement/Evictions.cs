namespace Podvirt.Scheduler.Placement;

/// <summary>One thing that can be done to one holder: put it to sleep, or stop it.</summary>
/// <param name="Stops">True: it is stopped; false: it sleeps.</param>
/// <param name="Freed">Bytes on this gpu.</param>
/// <param name="Loss">Worth × GiB; what is in use is made dearer than all that is not.</param>
/// <param name="First">
/// Where the step is that put it to sleep, when this one frees only the residue that is left then; otherwise -1.
/// </param>
internal readonly record struct EvictionStep(Holding Holding, bool Stops, long Freed, double Loss, int First = -1)
{
    public double LossPerByte => Loss / Freed;
}

/// <param name="Sleep">Sleep is enough; otherwise it is stopped.</param>
/// <param name="Freed">Bytes on this gpu.</param>
internal readonly record struct Eviction(Holding Holding, bool Sleep, long Freed, double Loss);

/// <summary>Who leaves one gpu: the least worth that frees enough. Pure.</summary>
internal static class Evictions
{
    /// <summary>A worth that no idle replica exceeds; what is in use is dearer than all that is not.</summary>
    public const double WorthMax = 1e5;

    private const double BusyWorth = 1e7;
    private const double RisingWorth = 1e9;
    private const double GiB = 1L << 30;

    /// <summary>All steps on a gpu, the cheapest per byte first; those for aged requests at the end.</summary>
    public static EvictionStep[] Steps(IReadOnlyList<Holding> held)
    {
        var steps = new List<EvictionStep>(held.Count + 4);
        foreach (var holding in held)
        {
            AddSteps(steps, holding);
        }

        var sorted = steps.ToArray();
        Array.Sort(sorted, static (x, y) =>
        {
            var order = Tier(x).CompareTo(Tier(y));
            order = order != 0 ? order : x.LossPerByte.CompareTo(y.LossPerByte);
            order = order != 0 ? order : string.CompareOrdinal(x.Holding.Replica, y.Holding.Replica);
            return order != 0 ? order : x.First.CompareTo(y.First);
        });
        for (var i = 0; i < sorted.Length; i++)
        {
            if (sorted[i].First >= 0)
            {
                var second = sorted[i].Holding;
                sorted[i] = sorted[i] with { First = Array.FindIndex(sorted, step => ReferenceEquals(step.Holding, second)) };
            }
        }

        return sorted;
    }

    /// <summary>
    /// For each of the sizes, ascending, a loss that no choice for this scope undercuts: what freeing it would cost if
    /// holders could leave in part. Infinite where it is impossible.
    /// </summary>
    /// <param name="available">Bytes that are free or will be without anybody's leaving.</param>
    public static void Bounds(
        ReadOnlySpan<EvictionStep> steps, long available, EvictionScope scope, ReadOnlySpan<long> sizes, Span<double> losses)
    {
        var (next, loss) = (0, 0.0);
        for (var i = 0; i < sizes.Length; i++)
        {
            while (available < sizes[i] && next < steps.Length && IsAllowed(steps[next], scope)
                && available + steps[next].Freed <= sizes[i])
            {
                loss += steps[next].Loss;
                available += steps[next++].Freed;
            }

            var isPossible = available >= sizes[i] || (next < steps.Length && IsAllowed(steps[next], scope));
            var part = available >= sizes[i] ? 0 : sizes[i] - available;
            losses[i] = isPossible ? loss + (part == 0 ? 0 : part * steps[next].LossPerByte) : double.PositiveInfinity;
        }
    }

    /// <summary>
    /// Frees at least <paramref name="missing"/> bytes; null when the scope does not allow for it. The cheapest steps per
    /// byte are taken in their order, but for those that would complete the rest: with each of these the choice is whole. The
    /// cheapest whole choice wins, or one holder alone. That is at most twice the best there is, where no residue is worth
    /// less per byte than what sleep frees.
    /// </summary>
    public static List<Eviction>? Choose(ReadOnlySpan<EvictionStep> steps, long missing, EvictionScope scope, string? self)
    {
        if (missing <= 0)
        {
            return [];
        }

        var taken = new List<Eviction>();
        Span<bool> isTaken = steps.Length <= 256 ? stackalloc bool[steps.Length] : new bool[steps.Length];
        List<Eviction>? best = null;
        var wanted = missing;
        var (bestLoss, loss) = (double.PositiveInfinity, 0.0);
        for (var i = 0; i < steps.Length && IsAllowed(steps[i], scope); i++)
        {
            var step = steps[i];
            if (step.First >= 0 && !isTaken[step.First])
            {
                // A second step without its first is a stop from awake.
                var first = steps[step.First];
                step = new EvictionStep(step.Holding, Stops: true, step.Freed + first.Freed, step.Loss + first.Loss);
            }

            if (step.Holding.Replica == self)
            {
                continue;
            }

            if (step.Freed >= wanted && step.Loss < bestLoss && step.First < 0)
            {
                best = [];
                Take(best, step);
                bestLoss = step.Loss;
            }

            if (step.Freed < missing)
            {
                isTaken[i] = true;
                Take(taken, step);
                loss += step.Loss;
                missing -= step.Freed;
            }
            else if (loss + step.Loss < bestLoss)
            {
                best = [.. taken];
                Take(best, step);
                bestLoss = loss + step.Loss;
            }
        }

        return best;
    }

    /// <summary>Drops who is not needed, the dearest first; those whose residue is not needed sleep.</summary>
    public static void DropNeedless(List<Eviction> chosen, long missing)
    {
        var freed = chosen.Sum(eviction => eviction.Freed);
        chosen.Sort(static (x, y) =>
        {
            var order = y.Loss.CompareTo(x.Loss);
            return order != 0 ? order : string.CompareOrdinal(x.Holding.Replica, y.Holding.Replica);
        });
        for (var i = 0; i < chosen.Count; i++)
        {
            if (freed - chosen[i].Freed >= missing)
            {
                freed -= chosen[i].Freed;
                chosen.RemoveAt(i--);
            }
        }

        for (var i = 0; i < chosen.Count; i++)
        {
            var holding = chosen[i].Holding;
            var residue = holding.BytesAfter;
            if (!chosen[i].Sleep && holding.Kind != HoldingKind.Sleeping && residue > 0 && residue < holding.Bytes && freed - residue >= missing)
            {
                freed -= residue;
                chosen[i] = new Eviction(holding, Sleep: true, holding.Bytes - residue, Loss(holding.WorthAwake + Dearer(holding), holding.Bytes - residue));
            }
        }
    }

    private static void AddSteps(List<EvictionStep> steps, Holding holding)
    {
        var (bytes, residue) = (holding.Bytes, holding.BytesAfter);
        if (bytes <= 0 || holding.Kind is HoldingKind.Kept or HoldingKind.Leaving)
        {
            return;
        }

        if (holding.Kind == HoldingKind.Sleeping)
        {
            steps.Add(new EvictionStep(holding, Stops: true, bytes, Loss(holding.WorthAsleep, bytes)));
            return;
        }

        var dearer = Dearer(holding);
        var awake = Loss(holding.WorthAwake + dearer, bytes - residue);
        var asleep = Loss(holding.WorthAsleep + dearer, residue);
        if (residue >= bytes)
        {
            steps.Add(new EvictionStep(holding, Stops: true, bytes, Loss(holding.WorthAwake + dearer, bytes)));
        }
        else if (residue > 0 && holding.WorthAsleep < holding.WorthAwake)
        {
            // Its residue is worth less per byte than what sleep frees: whoever takes the one takes the other as well.
            steps.Add(new EvictionStep(holding, Stops: true, bytes, awake + asleep));
        }
        else
        {
            steps.Add(new EvictionStep(holding, Stops: false, bytes - residue, awake));
            if (residue > 0)
            {
                steps.Add(new EvictionStep(holding, Stops: true, residue, asleep, First: 0));
            }
        }
    }

    private static void Take(List<Eviction> taken, in EvictionStep step)
    {
        for (var i = 0; i < taken.Count; i++)
        {
            if (ReferenceEquals(taken[i].Holding, step.Holding))
            {
                taken[i] = new Eviction(step.Holding, Sleep: false, taken[i].Freed + step.Freed, taken[i].Loss + step.Loss);
                return;
            }
        }

        taken.Add(new Eviction(step.Holding, Sleep: !step.Stops, step.Freed, step.Loss));
    }

    private static double Dearer(Holding holding) => holding.Kind switch
    {
        HoldingKind.Rising => RisingWorth,
        HoldingKind.Busy => BusyWorth,
        _ => 0,
    };

    private static double Loss(double worth, long bytes) => worth * (bytes / GiB);

    private static int Tier(in EvictionStep step) => step.Holding.Kind switch
    {
        HoldingKind.Rising => 2,
        HoldingKind.Busy => 1,
        _ => 0,
    };

    private static bool IsAllowed(in EvictionStep step, EvictionScope scope) =>
        scope == EvictionScope.Busy || (scope == EvictionScope.Idle && Tier(step) == 0);
}
