using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Podvirt.Chats.StateStore;

/// <summary>
/// Where everything of the chats stands in the state store. Heads, answers and retentions are records that are changed by compare-and-set;
/// all other entries are written once, found by a record that names them, and removed after it.
/// </summary>
internal static class ChatKeys
{
    /// <summary>Removals of conversations that are under way.</summary>
    public const string Removals = "chats/removals/";

    /// <summary>Answers that run, by their owners.</summary>
    public const string Running = "chats/running/";

    /// <summary>When frames, thinking and lone answers go: sorts by time.</summary>
    public const string Ends = "chats/ends/";

    public const string Retentions = "chats/retentions/";

    /// <summary>The sweep's lease.</summary>
    public const string Sweep = "chats/sweep";

    /// <summary>Ids are ours; whatever else a caller names is not there.</summary>
    public static bool IsId(string id) => id.Length is > 0 and <= 64 && id.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-');

    public static string Heads(string visitor) => $"chats/conversations/{visitor}/";

    public static string Head(string visitor, string conversation) => Heads(visitor) + conversation;

    public static string Questions(string conversation) => $"chats/questions/{conversation}/";

    public static string Question(string conversation, string message) => Questions(conversation) + message;

    public static string Settings(string conversation) => $"chats/settings/{conversation}/";

    public static string Answer(string id) => $"chats/answers/{id}";

    public static string Texts(string answer) => $"chats/texts/{answer}/";

    public static string Texts(string answer, int edition) => string.Create(CultureInfo.InvariantCulture, $"{Texts(answer)}{edition}/");

    public static string Frames(string answer) => $"chats/frames/{answer}/";

    public static string Frame(string answer, long first) => Frames(answer) + first.ToString("d12", CultureInfo.InvariantCulture);

    public static string Request(string answer) => $"chats/requests/{answer}";

    public static string RunningOf(string owner, string answer) => $"{Running}{owner}/{answer}";

    public static string LoneOf(string visitor) => $"chats/lone/{visitor}/";

    public static string Lone(string visitor, DateTimeOffset startedAt, string answer) => $"{LoneOf(visitor)}{Micros(startedAt)}-{answer}";

    public static string End(DateTimeOffset at, string answer) => $"{Ends}{Micros(at)}-{answer}";

    public static string Retention(string visitor) => Retentions + visitor;

    public static string Removal(string conversation) => Removals + conversation;

    /// <summary>The conversation with the answer to this request, whatever a caller names one.</summary>
    public static string ByRequest(string visitor, string request) =>
        $"chats/by-request/{visitor}/{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";

    public static string Micros(DateTimeOffset time) =>
        ((time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond).ToString("d20", CultureInfo.InvariantCulture);
}
