using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Podvirt.ClickHouseHost;

/// <summary>
/// <c>POST /</c> as ClickHouse takes it: the statement in <c>query=</c>, in the body, or its head in the one and its data in the
/// other; <c>param_…</c> are its parameters, <c>database</c> is where its names are, and what is left of the query string are settings.
/// </summary>
internal sealed partial class StatementHandler(Engine engine, FaultPlan faults)
{
    private const string Parameter = "param_";

    /// <summary>What of the query string is no setting of the engine.</summary>
    private static readonly HashSet<string> _notSettings =
        ["query", "database", "default_format", "query_id", "session_id", "enable_http_compression", "user", "password", "role"];

    public async Task HandleAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var statement = await ReadAsync(request, context.RequestAborted);
        var head = Encoding.UTF8.GetString(statement.AsSpan(0, Math.Min(statement.Length, 200)));
        var isInsert = InsertPattern().IsMatch(head);
        var fault = faults.Next(isInsert);
        if (fault.Hangs)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }
        if (fault.SlowMs > 0)
        {
            await Task.Delay(fault.SlowMs, context.RequestAborted);
        }
        if (fault.RefuseInserts > 0)
        {
            await FailAsync(response, "Code: 252. DB::Exception: Too many parts. Merges are processing significantly slower than inserts. (TOO_MANY_PARTS)");
            return;
        }
        if (fault.ReadOnly && !ReadPattern().IsMatch(head))
        {
            await FailAsync(response, "Code: 242. DB::Exception: Table is in readonly mode. (TABLE_IS_READ_ONLY)");
            return;
        }
        var format = request.Query["default_format"].FirstOrDefault() ?? request.Headers["X-ClickHouse-Format"].FirstOrDefault() ?? "TabSeparated";
        try
        {
            var answer = await engine.RunAsync(connection => Run(connection, request, statement, format), CancellationToken.None);
            if (fault.CutInserts > 0)
            {
                context.Abort();
                return;
            }
            response.Headers["X-ClickHouse-Format"] = format;
            response.Headers["X-ClickHouse-Timezone"] = "UTC";
            response.ContentType = "application/octet-stream";
            await response.Body.WriteAsync(answer, context.RequestAborted);
        }
        catch (EngineException error)
        {
            await FailAsync(response, error.Message);
        }
    }

    private static byte[] Run(EngineConnection connection, HttpRequest request, byte[] statement, string format)
    {
        var (query, database) = (request.Query, request.Query["database"].FirstOrDefault());
        connection.Use(
            string.IsNullOrEmpty(database) ? "default" : database,
            query.Where(q => !_notSettings.Contains(q.Key) && !q.Key.StartsWith(Parameter, StringComparison.Ordinal)).ToDictionary(q => q.Key, q => q.Value.ToString()));
        var lineEnd = statement.AsSpan().IndexOf((byte)'\n');
        if (lineEnd > 0 && InsertDataPattern().Match(Encoding.UTF8.GetString(statement, 0, lineEnd)) is { Success: true } insert)
        {
            connection.Insert(insert.Groups["head"].Value, insert.Groups["format"].Value, statement.AsSpan(lineEnd + 1));
            return [];
        }
        return connection.Query(
            statement, format,
            [.. query.Where(q => q.Key.StartsWith(Parameter, StringComparison.Ordinal)).Select(q => KeyValuePair.Create(q.Key[Parameter.Length..], q.Value.ToString()))]);
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        if (request.Query["query"].FirstOrDefault() is { Length: > 0 } head)
        {
            await whole.WriteAsync(Encoding.UTF8.GetBytes(head + "\n"), cancellationToken);
        }
        var body = request.Headers.ContentEncoding.ToString() switch
        {
            "" or "identity" => request.Body,
            "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
            var other => throw new NotSupportedException($"a body as {other}"),
        };
        await body.CopyToAsync(whole, cancellationToken);
        return whole.ToArray();
    }

    private static async Task FailAsync(HttpResponse response, string message)
    {
        response.StatusCode = StatusCodes.Status500InternalServerError;
        response.Headers["X-ClickHouse-Exception-Code"] = CodePattern().Match(message) is { Success: true } code ? code.Groups["code"].Value : "1002";
        await response.WriteAsync(message + "\n");
    }

    [GeneratedRegex(@"^\s*INSERT\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex InsertPattern();

    /// <summary>As the driver sends rows.</summary>
    [GeneratedRegex(@"^(?<head>INSERT INTO .+) FORMAT (?<format>RowBinary\w*|Native)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex InsertDataPattern();

    [GeneratedRegex(@"^\s*(?:SELECT|SHOW|WITH|DESCRIBE|EXISTS)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ReadPattern();

    [GeneratedRegex(@"Code: (?<code>[0-9]+)\.", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CodePattern();
}
