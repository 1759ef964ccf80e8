using System.Text;

namespace Podvirt.Fuzz.Mutation;

/// <summary>Makes a new input from one or two of a pool: a few random changes, most of them small.</summary>
internal sealed class Mutator(Random random, FuzzTarget target, int bytesMax)
{
    private const int ChangesMax = 4;
    private const int StretchMax = 32;

    private readonly byte[][] _tokens = [.. target.Tokens.Select(Encoding.Latin1.GetBytes)];
    private readonly JsonMutation? _json = target.Json is { } words ? new JsonMutation(random, words) : null;

    public byte[] Mutate(IReadOnlyList<byte[]> pool)
    {
        var input = Any(pool);
        for (var changes = random.Next(1, ChangesMax + 1); changes > 0; changes--)
        {
            // Most random bytes break JSON at once: what keeps it valid reaches further.
            var changed = _json is not null && random.Next(4) > 0 ? _json.Change(input, Any(pool)) : null;
            input = changed ?? Change(input, pool);
            if (input.Length > bytesMax)
            {
                input = input[..bytesMax];
            }
        }
        return input;
    }

    private byte[] Change(byte[] input, IReadOnlyList<byte[]> pool)
    {
        var at = random.Next(input.Length + 1);
        var length = random.Next(Math.Min(input.Length - at, StretchMax) + 1);
        return random.Next(10) switch
        {
            0 when input.Length > 0 => FlipBit(input),
            1 when input.Length > 0 => SetByte(input),
            2 => Replace(input, at, 0, [RandomByte()]),
            3 => Replace(input, at, length, []),
            4 => Replace(input, at, 0, input.AsSpan(at, length)),
            5 => Cross(input, Any(pool)),
            6 => Lines(input),
            7 => Replace(input, at, length, Token()),
            _ => Replace(input, at, 0, Token()),
        };
    }

    private byte[] FlipBit(byte[] input)
    {
        var result = input.ToArray();
        result[random.Next(result.Length)] ^= (byte)(1 << random.Next(8));
        return result;
    }

    private byte[] SetByte(byte[] input)
    {
        var result = input.ToArray();
        result[random.Next(result.Length)] = RandomByte();
        return result;
    }

    // The head of one and the tail of another.
    private byte[] Cross(byte[] input, byte[] other) =>
        [.. input.AsSpan(0, random.Next(input.Length + 1)), .. other.AsSpan(random.Next(other.Length + 1))];

    // Doubles, drops or exchanges whole lines.
    private byte[] Lines(byte[] input)
    {
        var lines = Encoding.Latin1.GetString(input).Split('\n').ToList();
        var one = random.Next(lines.Count);
        var other = random.Next(lines.Count);
        switch (random.Next(3))
        {
            case 0:
                lines.Insert(other, lines[one]);
                break;
            case 1:
                lines.RemoveAt(one);
                break;
            default:
                (lines[one], lines[other]) = (lines[other], lines[one]);
                break;
        }
        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }

    private byte RandomByte() => (byte)random.Next(256);

    private byte[] Token() => _tokens[random.Next(_tokens.Length)];

    private byte[] Any(IReadOnlyList<byte[]> pool) => pool[random.Next(pool.Count)];

    private static byte[] Replace(byte[] input, int at, int length, ReadOnlySpan<byte> by) =>
        [.. input.AsSpan(0, at), .. by, .. input.AsSpan(at + length)];
}
