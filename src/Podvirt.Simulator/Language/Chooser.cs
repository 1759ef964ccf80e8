using System.Runtime.InteropServices;

namespace Podvirt.Simulator.Language;

/// <summary>
/// Every choice that the writers make. At temperature 0 the prompt alone decides; above it, a seeded stream of numbers overrules
/// the prompt's choice the more often, the higher the temperature is.
/// </summary>
internal sealed class Chooser
{
    private const double StrayAtOne = 0.6;
    private const double StrayMax = 0.97;

    private readonly double _stray;
    private ulong _greedy;
    private ulong _sampled;

    public Chooser(ulong prompt, ulong seed, double temperature)
    {
        _greedy = prompt;
        _sampled = Mix(prompt ^ Mix(seed + 0x51D0_7A11_C0FF_EE00));
        _stray = Math.Min(StrayMax, StrayAtOne * temperature);
    }

    /// <summary>A number from 0 up to but not including <paramref name="count"/>.</summary>
    public int Next(int count)
    {
        var greedy = (int)(Step(ref _greedy) % (uint)count);
        if (_stray <= 0)
        {
            return greedy;
        }

        var strays = Unit(Step(ref _sampled)) < _stray;
        var sampled = (int)(Step(ref _sampled) % (uint)count);
        return strays ? sampled : greedy;
    }

    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary>A hash of a sequence of tokens, the same in every process.</summary>
    public static ulong Hash(ReadOnlySpan<int> tokens)
    {
        var hash = 0x9E37_79B9_7F4A_7C15UL;
        foreach (var token in tokens)
        {
            hash = Mix(hash ^ (uint)token);
        }

        return hash;
    }

    public static ulong Hash(string text) => Hash(MemoryMarshal.Cast<char, ushort>(text.AsSpan()));

    public static double Unit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));

    public static ulong Step(ref ulong state) => Mix(state += 0x9E37_79B9_7F4A_7C15UL);

    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EBUL;
        return value ^ (value >> 31);
    }

    private static ulong Hash(ReadOnlySpan<ushort> characters)
    {
        var hash = 0xC2B2_AE3D_27D4_EB4FUL;
        foreach (var character in characters)
        {
            hash = Mix(hash ^ character);
        }

        return hash;
    }
}
