using System.Globalization;

namespace Podvirt.LoadTest;

/// <summary><c>--name value</c> and <c>--switch</c>.</summary>
internal sealed class ArgumentList(string[] args)
{
    public bool Has(string name) => Array.IndexOf(args, name) >= 0;

    public string? Text(string name)
    {
        var at = Array.IndexOf(args, name);
        return at < 0 ? null : at + 1 < args.Length ? args[at + 1] : throw new UsageException($"{name} needs a value.");
    }

    public int Number(string name, int fallback) => Text(name) is { } text
        ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new UsageException($"{name} needs a whole number, not '{text}'.")
        : fallback;
}
