using System.Text;

namespace Podvirt.Fuzz;

/// <summary>A parser disagreed with what it is held against.</summary>
internal sealed class FindingException(string message) : Exception(message);

/// <summary>Says what does not hold.</summary>
internal static class Oracle
{
    public static void Holds(bool condition, string what)
    {
        if (!condition)
        {
            throw new FindingException(what);
        }
    }

    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new FindingException($"{what}: expected {expected}, got {actual}");
        }
    }

    public static void Equal(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, string what)
    {
        if (!expected.SequenceEqual(actual))
        {
            throw new FindingException($"{what}: expected '{Show(expected)}', got '{Show(actual)}'");
        }
    }

    private static string Show(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, 200)]);
}
