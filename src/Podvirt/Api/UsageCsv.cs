using System.Globalization;
using System.Text;

namespace Podvirt.Api;

/// <summary>
/// Usage records as CSV (RFC 4180): a head, lines that end with CR LF, text in quotes where it needs them. Text that a spreadsheet
/// would take for a formula gets an apostrophe before it. Times are ISO 8601 with microseconds, money is exact.
/// </summary>
internal static class UsageCsv
{
    public const string ContentType = "text/csv; charset=utf-8";

    public const string Head =
        "id,project,key,model,revision,replica,surface,outcome,status,reason,streamed,cold_start,usage_source,"
        + "prompt_tokens,cached_tokens,completion_tokens,reasoning_tokens,video_us,"
        + "started_at,ended_at,queued_us,parked_us,first_token_us,duration_us,rate_version,cost,adjustment\r\n";

    /// <summary>What begins a formula, or hides that one begins: https://owasp.org/www-community/attacks/CSV_Injection.</summary>
    private const string FormulaStarts = "=+-@\t\r\n";

    public static void Append(StringBuilder text, RequestView request)
    {
        text.Append(request.Id);
        Append(text, request.Project, request.Key, request.Model);
        text.Append(CultureInfo.InvariantCulture, $",{request.Revision}");
        Append(text, request.Replica, request.Surface, request.Outcome);
        text.Append(CultureInfo.InvariantCulture, $",{request.Status}");
        Append(text, request.Reason);
        text.Append(request.Streamed ? ",true" : ",false").Append(request.ColdStart ? ",true" : ",false");
        Append(text, request.UsageSource);
        text.Append(CultureInfo.InvariantCulture, $",{request.PromptTokens},{request.CachedTokens},{request.CompletionTokens},{request.ReasoningTokens},{request.VideoUs}");
        text.Append(CultureInfo.InvariantCulture, $",{request.StartedAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'},{request.EndedAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}");
        text.Append(CultureInfo.InvariantCulture, $",{request.QueuedUs},{request.ParkedUs},{request.FirstTokenUs},{request.DurationUs},{request.RateVersion},{request.Cost},{request.Adjustment}\r\n");
    }

    private static void Append(StringBuilder text, params ReadOnlySpan<string> values)
    {
        foreach (var value in values)
        {
            text.Append(',');
            var isFormula = value.Length > 0 && FormulaStarts.Contains(value[0], StringComparison.Ordinal);
            if (!isFormula && value.AsSpan().IndexOfAny(",\"\r\n") < 0)
            {
                text.Append(value);
                continue;
            }
            text.Append('"').Append(isFormula ? "'" : "").Append(value.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }
    }
}
