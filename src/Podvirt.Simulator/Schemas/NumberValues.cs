using System.Text.Json.Nodes;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Schemas;

/// <summary>Numbers within the bounds of a schema.</summary>
internal static class NumberValues
{
    // Where a schema names no bounds: numbers that read well.
    private const decimal SpanDefault = 99;

    // Bounds beyond it are as good as none; a decimal can still add to it.
    private const decimal Largest = 1_000_000_000_000_000_000_000_000_000m;

    public static int Count(JsonObject schema, string name, int absent) =>
        schema[name] is JsonValue value ? (int)Math.Clamp(value.GetValue<double>(), 0, int.MaxValue) : absent;

    public static string Whole(JsonObject schema, Chooser chooser) => Multiple(schema, Math.Max(1, Step(schema) ?? 1), chooser).ToString("0");

    public static string Decimal(JsonObject schema, Chooser chooser)
    {
        if (Step(schema) is { } step)
        {
            return Multiple(schema, step, chooser).ToString();
        }

        // Always inside, so that it does not matter whether the bounds themselves are allowed.
        var (low, high) = Range(schema);
        if (low == high && (Excludes(schema, "exclusiveMinimum", "minimum") == low || Excludes(schema, "exclusiveMaximum", "maximum") == high))
        {
            throw Schema.Unsupported("bounds with nothing between them");
        }

        const int Parts = 8;
        var value = low == high ? low : low + ((high - low) * (1 + chooser.Next(Parts - 1)) / Parts);
        var rounded = Math.Round(value, 2);
        return (rounded > low && rounded < high ? rounded : value).ToString();
    }

    private static decimal Multiple(JsonObject schema, decimal step, Chooser chooser)
    {
        var (low, high) = Range(schema);
        var first = Math.Ceiling(low / step);
        var last = Math.Floor(high / step);
        first += Excludes(schema, "exclusiveMinimum", "minimum") is { } above && first * step <= above ? 1 : 0;
        last -= Excludes(schema, "exclusiveMaximum", "maximum") is { } below && last * step >= below ? 1 : 0;
        if (first > last)
        {
            throw Schema.Unsupported("bounds with nothing between them");
        }

        return (first + chooser.Next((int)Math.Min(last - first + 1, SpanDefault + 1))) * step;
    }

    private static (decimal Low, decimal High) Range(JsonObject schema)
    {
        var low = Max(Bound(schema, "minimum"), Excludes(schema, "exclusiveMinimum", "minimum"));
        var high = Min(Bound(schema, "maximum"), Excludes(schema, "exclusiveMaximum", "maximum"));
        var span = SpanDefault * Math.Max(1, Step(schema) ?? 1);
        var from = low ?? (high is { } top ? Math.Min(1, top - span) : 1);
        return (from, Math.Max(from, high ?? from + span)) is var range && low > high
            ? throw Schema.Unsupported("bounds with nothing between them")
            : range;
    }

    /// <summary>The bound that may not be reached. Older schemas say so by a flag beside the bound.</summary>
    private static decimal? Excludes(JsonObject schema, string name, string bound) =>
        schema[name] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag ? Bound(schema, bound) : null : Bound(schema, name);

    private static decimal? Step(JsonObject schema) => Bound(schema, "multipleOf") is > 0 and var step ? step : null;

    private static decimal? Bound(JsonObject schema, string name) => schema[name] is JsonValue value && value.TryGetValue<double>(out var number)
        ? (decimal)Math.Clamp(number, (double)-Largest, (double)Largest)
        : null;

    private static decimal? Max(decimal? one, decimal? other) => one is null ? other : other is null ? one : Math.Max(one.Value, other.Value);

    private static decimal? Min(decimal? one, decimal? other) => one is null ? other : other is null ? one : Math.Min(one.Value, other.Value);
}
