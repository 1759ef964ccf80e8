using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Tests.Videos.H264;

/// <summary>Reads blocks of transform levels as clause 9.2 of ITU-T H.264 says.</summary>
internal static class LevelReader
{
    public static int[] Luma(BitReader bits) => Read(bits, 16, LevelTables.LumaToken, LevelTables.LumaZeros);

    public static int[] Chroma(BitReader bits) => Read(bits, 4, LevelTables.ChromaToken, LevelTables.ChromaZeros);

    private static int[] Read(BitReader bits, int length, Code[] tokens, Code[][] zerosTables)
    {
        var token = Find(bits, tokens);
        var (count, ones) = (token / 4, token % 4);
        var result = new int[length];
        var values = new int[count];
        for (var i = 0; i < ones; i++)
        {
            values[i] = 1 - (2 * bits.Bits(1));
        }

        var suffixLength = count > 10 && ones < 3 ? 1 : 0;
        for (var i = ones; i < count; i++)
        {
            var prefix = 0;
            while (bits.Bits(1) == 0)
            {
                prefix++;
            }

            var suffixSize = (prefix, suffixLength) switch
            {
                (14, 0) => 4,
                (15, _) => 12,
                _ => suffixLength,
            };
            var code = (Math.Min(15, prefix) << suffixLength) + bits.Bits(suffixSize);
            code += prefix == 15 && suffixLength == 0 ? 15 : 0;
            code += i == ones && ones < 3 ? 2 : 0;
            values[i] = code % 2 == 0 ? (code + 2) / 2 : (-code - 1) / 2;
            suffixLength = suffixLength == 0 ? 1 : suffixLength;
            suffixLength += Math.Abs(values[i]) > 3 << (suffixLength - 1) && suffixLength < 6 ? 1 : 0;
        }

        var zeros = count > 0 && count < length ? Find(bits, zerosTables[count - 1]) : 0;
        var at = count + zeros - 1;
        for (var i = 0; i < count; i++)
        {
            result[at--] = values[i];
            if (zeros > 0 && i < count - 1)
            {
                var run = Find(bits, LevelTables.RunBefore[Math.Min(zeros, 7) - 1]);
                zeros -= run;
                at -= run;
            }
        }

        return result;
    }

    private static int Find(BitReader bits, Code[] table)
    {
        var code = 0;
        for (var length = 1; length <= 16; length++)
        {
            code = (code << 1) | bits.Bits(1);
            var index = Array.FindIndex(table, entry => entry.Length == length && entry.Bits == code);
            if (index >= 0)
            {
                return index;
            }
        }

        throw new InvalidDataException("no such code");
    }
}
