using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Podvirt.Fuzz.Mutation;

namespace Podvirt.Fuzz;

/// <summary>
/// Mutates the corpus and what grew out of it, and checks every mutant. An input of a kind not seen so far joins the
/// pool, so that the next mutation starts from it. The same seed makes the same inputs.
/// </summary>
internal sealed class FuzzLoop(FuzzTarget target, int seed)
{
    private const int InputBytesMax = 4096;
    private const int PoolMax = 2000;
    private const int ChecksBetweenLooksAtTheClock = 32;

    private readonly Random _random = new(seed);
    private readonly HashSet<int> _kinds = [];

    public FuzzReport Run(TimeSpan budget)
    {
        var pool = Corpus.NamesOf(target).Select(n => Corpus.Read(target, n)).Where(s => s.Length <= InputBytesMax).ToList();
        var samples = pool.Count;
        var mutator = new Mutator(_random, target, InputBytesMax);
        var splitting = Splitting.Some(_random);
        var clock = Stopwatch.StartNew();
        long checks = 0;
        foreach (var sample in pool)
        {
            // Samples that fail have a test of their own each.
            if (Passes(sample, splitting, out var kind, out _))
            {
                _kinds.Add(kind);
            }
        }
        while (checks % ChecksBetweenLooksAtTheClock != 0 || clock.Elapsed < budget)
        {
            var input = mutator.Mutate(pool);
            checks++;
            if (!Passes(input, splitting, out var kind, out var reason))
            {
                return new FuzzReport(target.Name, seed, checks, clock.Elapsed, _kinds.Count, Keep(Minimise(input), reason));
            }
            if (!_kinds.Add(kind))
            {
                continue;
            }
            if (pool.Count < PoolMax)
            {
                pool.Add(input);
            }
            else
            {
                pool[_random.Next(samples, pool.Count)] = input;
            }
        }
        return new FuzzReport(target.Name, seed, checks, clock.Elapsed, _kinds.Count, null);
    }

    private bool Passes(byte[] input, Splitting splitting, out int kind, out Exception? reason)
    {
        // What a parser throws is a finding like a disagreement is.
        try
        {
            kind = target.Check(input, splitting);
            reason = null;
            return true;
        }
        catch (Exception e)
        {
            kind = 0;
            reason = e;
            return false;
        }
    }

    // Takes out what the finding does not need, in ever smaller stretches.
    private byte[] Minimise(byte[] input)
    {
        if (Passes(input, Splitting.Every, out _, out _))
        {
            return input;
        }
        for (var length = input.Length / 2; length > 0; length /= 2)
        {
            for (var at = 0; at + length <= input.Length;)
            {
                byte[] shorter = [.. input.AsSpan(0, at), .. input.AsSpan(at + length)];
                if (Passes(shorter, Splitting.Every, out _, out _))
                {
                    at += length;
                }
                else
                {
                    input = shorter;
                }
            }
        }
        return input;
    }

    private Finding Keep(byte[] input, Exception? reason)
    {
        // The minimised input may fail for a simpler reason than the first one did.
        if (!Passes(input, Splitting.Every, out _, out var simpler))
        {
            reason = simpler;
        }
        Directory.CreateDirectory(Corpus.Findings);
        var name = $"{target.Name}-{Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, 6))}";
        var path = Path.Combine(Corpus.Findings, name);
        File.WriteAllBytes(path, input);
        return new Finding(input, path, reason?.ToString() ?? "");
    }
}

/// <param name="Input">As short as it could be made.</param>
/// <param name="Path">Where it was written.</param>
/// <param name="Reason">What did not hold.</param>
internal sealed record Finding(byte[] Input, string Path, string Reason);

internal sealed record FuzzReport(string Target, int Seed, long Checks, TimeSpan Elapsed, int Kinds, Finding? Finding)
{
    public override string ToString()
    {
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"fuzz {Target}: seed {Seed}, {Checks} inputs of {Kinds} kinds in {Elapsed.TotalSeconds:f1} s");
        return Finding is null
            ? line
            : $"{line}; a finding, written to {Finding.Path}\n  base64: {Convert.ToBase64String(Finding.Input)}\n  hex: {Convert.ToHexString(Finding.Input)}\n  {Finding.Reason}";
    }
}
