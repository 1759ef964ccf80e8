using System.Text.Json;

namespace Podvirt.Server.Commands;

/// <summary>What <c>podvirt top</c> shows, as lines of text. Every state has its word and every bar its numbers: nothing is told by colour.</summary>
internal static class TopPicture
{
    /// <summary>Narrower ones leave out what can be asked for elsewhere.</summary>
    private const int WideColumns = 100;

    private const int BarCells = 32;
    private const int NameCells = 24;
    private const int FreeCellsMin = 8;
    private const int FreeCellsMax = 36;
    private const string Gap = "  ";

    /// <param name="Width">Cells; 0: what the others leave, whatever stands in it, so that nothing jumps.</param>
    private sealed record Column<T>(string Head, bool IsNumber, Func<T, string> Cell, int Width = 0);

    /// <param name="fleet">Answers of the API: <c>models</c> and <c>gpus</c>.</param>
    /// <param name="width">Of the screen: no line is longer.</param>
    /// <param name="height">Of the screen: at least the head and the gpus are shown, and of the models as many as there is room for.</param>
    public static IReadOnlyList<string> Of(JsonElement fleet, int width, int height)
    {
        var models = fleet.Items("models");
        var counts = models.GroupBy(m => m.Text("status"), StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} {g.Key}");
        List<string> lines =
        [
            $"{models.Count} models: {string.Join(", ", counts)}; {Sum(models, "in_flight")} in flight, {Sum(models, "waiting")} waiting",
            "",
            .. Gpus(fleet.Items("gpus"), width),
            "",
        ];
        lines.AddRange(Models(models, width, Math.Max(1, height - lines.Count - 1)));
        return [.. lines.Select(line => Cut(line.TrimEnd(), width))];
    }

    private static IEnumerable<string> Gpus(IReadOnlyList<JsonElement> gpus, int width)
    {
        var name = Longest(gpus, g => $"{g.Text("id")} {g.Text("type")}", NameCells);
        var cells = Math.Clamp(width - name - 32, 8, BarCells);
        var table = Table(
            gpus, width,
            new("GPU", false, g => $"{g.Text("id")} {g.Text("type")}", name),
            new("█ RESERVED ▒ ASLEEP", false, g => Bar(g, cells), cells),
            new("FREE", true, g => Sizes.Text(g.GetProperty("free_bytes").GetInt64()), 8),
            new("OF", true, g => Sizes.Text(g.GetProperty("memory_bytes").GetInt64()), 8),
            new("STATUS", false, g => g.Text("status"), 9)).ToList();
        yield return table[0];
        for (var i = 0; i < gpus.Count; i++)
        {
            yield return table[i + 1];
            foreach (var line in Fold(gpus[i].Items("replicas").Select(Holding).ToList(), width))
            {
                yield return line;
            }
        }
    }

    private static string Holding(JsonElement replica) =>
        $"{replica.Text("model")} {replica.Text("state").Replace('_', ' ')} {Sizes.Text(replica.GetProperty("memory_bytes").GetInt64())}";

    private static IEnumerable<string> Models(IReadOnlyList<JsonElement> models, int width, int rows)
    {
        var shown = models;
        if (models.Count > rows)
        {
            // What is alive comes first where there is no room for all.
            shown = [.. models.OrderBy(m => m.Text("status") == "Cold").ThenByDescending(m => Count(m, "waiting") + Count(m, "in_flight")).Take(rows - 1)];
        }
        var isWide = width >= WideColumns;
        var name = Longest(shown, m => m.Text("id"), isWide ? 2 * NameCells : NameCells - 4);
        List<Column<JsonElement>> columns =
        [
            new("MODEL", false, m => m.Text("id"), name),
            new("STATUS", false, Status),
            new("UP", true, m => $"{m.Text("replicas", "active")}/{m.Text("replicas", "max")}", 5),
            new(isWide ? "IN FLIGHT" : "RUN", true, m => m.Text("in_flight"), isWide ? 9 : 4),
            new(isWide ? "WAITING" : "WAIT", true, m => m.Text("waiting"), isWide ? 7 : 5),
            new("REQUESTS", true, m => m.Text("requests_total"), 8),
        ];
        if (isWide)
        {
            columns.Add(new("STARTUP_MS", true, m => m.Text("startup_duration_ms"), 10));
        }
        return [.. Table(shown, width, [.. columns]), .. shown.Count < models.Count ? [$"… and {models.Count - shown.Count} more"] : (string[])[]];
    }

    private static string Status(JsonElement model)
    {
        var status = model.Text("status");
        var more = status switch
        {
            "Warming Up" => model.Text("warm_up", "phase"),
            "Failed" => model.Text("failure", "code"),
            _ when model.TryGetProperty("failed_replicas", out var failed) && failed.GetInt32() > 0 => $"{failed.GetInt32()} failed",
            _ => "-",
        };
        return more == "-" ? status : $"{status}: {more}";
    }

    private static string Bar(JsonElement gpu, int cells)
    {
        var all = Math.Max(1, gpu.GetProperty("memory_bytes").GetInt64());
        var reserved = Cells(gpu.GetProperty("reserved_bytes").GetInt64(), all, cells);
        var asleep = Math.Min(cells - reserved, Cells(gpu.GetProperty("sleeping_bytes").GetInt64(), all, cells));
        return new string('█', reserved) + new string('▒', asleep) + new string('·', cells - reserved - asleep);
    }

    /// <summary>What is held at all is seen: at least one cell.</summary>
    private static int Cells(long bytes, long all, int cells) => bytes == 0 ? 0 : (int)Math.Clamp((double)bytes * cells / all, 1, cells);

    private static IEnumerable<string> Table<T>(IReadOnlyList<T> rows, int width, params IReadOnlyList<Column<T>> columns)
    {
        var rest = width - columns.Sum(column => column.Width) - (Gap.Length * (columns.Count - 1));
        var widths = columns.Select(column => column.Width > 0 ? column.Width : Math.Clamp(rest, FreeCellsMin, FreeCellsMax)).ToList();
        yield return Row(column => column.Head);
        foreach (var row in rows)
        {
            yield return Row(column => column.Cell(row));
        }

        string Row(Func<Column<T>, string> text) => string.Join(Gap, columns.Select((column, i) =>
        {
            var cell = Cut(text(column), widths[i]);
            return column.IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]);
        }));
    }

    /// <summary>Several to a line, none torn apart.</summary>
    private static IEnumerable<string> Fold(IReadOnlyList<string> items, int width)
    {
        const string Indent = "    ";
        var line = "";
        foreach (var item in items)
        {
            if (line.Length > 0 && Indent.Length + line.Length + item.Length + 3 > width)
            {
                yield return $"{Indent}{line},";
                line = "";
            }
            line = line.Length == 0 ? item : $"{line}, {item}";
        }
        if (line.Length > 0)
        {
            yield return Indent + line;
        }
    }

    private static int Longest<T>(IReadOnlyList<T> rows, Func<T, string> text, int most) =>
        Math.Min(most, rows.Select(row => text(row).Length).DefaultIfEmpty(0).Max());

    private static string Cut(string text, int width) => text.Length <= width ? text : width <= 1 ? text[..width] : text[..(width - 1)] + "…";

    private static long Count(JsonElement model, string name) => model.GetProperty(name).GetInt64();

    private static long Sum(IReadOnlyList<JsonElement> models, string name) => models.Sum(m => Count(m, name));
}
