namespace Podvirt.Simulator.Videos.H264;

/// <summary>
/// Writes a block of transform levels as clause 9.2 of ITU-T H.264 wants it (CAVLC): 1. how many levels, and how many of the last
/// are ±1, 2. the signs of those, 3. the other levels from the last to the first, 4. the zeros among them.
/// </summary>
internal static class LevelWriter
{
    private const int LevelsMax = 16;

    public static void WriteLuma(BitWriter bits, ReadOnlySpan<int> levels) => Write(bits, levels, LevelTables.LumaToken, LevelTables.LumaZeros);

    public static void WriteChroma(BitWriter bits, ReadOnlySpan<int> levels) =>
        Write(bits, levels, LevelTables.ChromaToken, LevelTables.ChromaZeros);

    private static void Write(BitWriter bits, ReadOnlySpan<int> levels, Code[] token, Code[][] zeros)
    {
        // Both from the last level to the first; a run is the zeros right before its level.
        Span<int> values = stackalloc int[LevelsMax];
        Span<int> runs = stackalloc int[LevelsMax];
        var count = 0;
        var zerosInside = 0;
        for (var i = levels.Length - 1; i >= 0; i--)
        {
            if (levels[i] != 0)
            {
                runs[count] = 0;
                values[count++] = levels[i];
            }
            else if (count > 0)
            {
                runs[count - 1]++;
                zerosInside++;
            }
        }

        var ones = 0;
        while (ones < Math.Min(count, 3) && Math.Abs(values[ones]) == 1)
        {
            ones++;
        }

        Write(bits, token[(4 * count) + ones]);
        if (count == 0)
        {
            return;
        }

        WriteValues(bits, values[..count], ones);
        if (count < levels.Length)
        {
            Write(bits, zeros[count - 1][zerosInside]);
        }

        // The first level's run is what remains.
        for (var i = 0; i < count - 1 && zerosInside > 0; i++)
        {
            Write(bits, LevelTables.RunBefore[Math.Min(zerosInside, LevelTables.RunBefore.Length) - 1][runs[i]]);
            zerosInside -= runs[i];
        }
    }

    private static void WriteValues(BitWriter bits, ReadOnlySpan<int> values, int ones)
    {
        for (var i = 0; i < ones; i++)
        {
            bits.Flag(values[i] < 0);
        }

        var suffixLength = values.Length > 10 && ones < 3 ? 1 : 0;
        for (var i = ones; i < values.Length; i++)
        {
            var code = values[i] > 0 ? (2 * values[i]) - 2 : (-2 * values[i]) - 1;
            if (i == ones && ones < 3)
            {
                // With fewer than three trailing ones the next level cannot be ±1.
                code -= 2;
            }

            WriteCode(bits, code, suffixLength);
            suffixLength = Math.Max(suffixLength, 1);
            if (Math.Abs(values[i]) > 3 << (suffixLength - 1) && suffixLength < 6)
            {
                suffixLength++;
            }
        }
    }

    private static void WriteCode(BitWriter bits, int code, int suffixLength)
    {
        // Prefix 15 escapes to a suffix of 12 bits, far more than the largest level here needs.
        const int Escape = 15;
        if (suffixLength == 0 && code is >= 14 and < 30)
        {
            WritePrefix(bits, 14);
            bits.Write((uint)(code - 14), 4);
            return;
        }

        var escaped = suffixLength == 0 ? code >= 30 : code >= Escape << suffixLength;
        if (escaped)
        {
            WritePrefix(bits, Escape);
            bits.Write((uint)(code - (suffixLength == 0 ? 30 : Escape << suffixLength)), 12);
            return;
        }

        WritePrefix(bits, code >> suffixLength);
        bits.Write((uint)code & ((1u << suffixLength) - 1), suffixLength);
    }

    private static void WritePrefix(BitWriter bits, int prefix) => bits.Write(1, prefix + 1);

    private static void Write(BitWriter bits, Code code) => bits.Write(code.Bits, code.Length);
}
