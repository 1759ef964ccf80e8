using System.Text;

namespace Podvirt.Simulator.Language;

/// <summary>A programming language that the simulator can pretend to write.</summary>
/// <param name="Name">As prose names it.</param>
/// <param name="Fence">The word after the fence.</param>
/// <param name="Mentions">What a question calls it.</param>
/// <param name="PascalCase">How it spells a function's name; else snake case or camel case by <paramref name="SnakeCase"/>.</param>
/// <param name="SnakeCase">See <paramref name="PascalCase"/>.</param>
/// <param name="Template">The sample; NAME is the function's name and @@ a number.</param>
internal sealed record CodeLanguage(string Name, string Fence, string[] Mentions, bool PascalCase, bool SnakeCase, string Template)
{
    private static readonly CodeLanguage[] _all =
    [
        new("Python", "python", ["python"], false, true,
            """
            def NAME(items, limit=@@):
                kept = []
                for item in items:
                    if item is None:
                        continue
                    kept.append(item)
                    if len(kept) == limit:
                        break
                return kept


            print(NAME([3, None, 5, 8]))

            """),
        new("C#", "csharp", ["c#", "csharp", ".net", "dotnet"], true, false,
            """
            static List<T> NAME<T>(IEnumerable<T?> items, int limit = @@) where T : class
            {
                var kept = new List<T>(limit);
                foreach (var item in items)
                {
                    if (item is not null && kept.Count < limit)
                    {
                        kept.Add(item);
                    }
                }

                return kept;
            }

            """),
        new("TypeScript", "typescript", ["typescript"], false, false,
            """
            export function NAME<T>(items: (T | null)[], limit = @@): T[] {
              const kept: T[] = [];
              for (const item of items) {
                if (item !== null && kept.length < limit) kept.push(item);
              }
              return kept;
            }

            """),
        new("JavaScript", "javascript", ["javascript", "node.js", "nodejs"], false, false,
            """
            function NAME(items, limit = @@) {
              return items.filter((item) => item != null).slice(0, limit);
            }

            console.log(NAME([3, null, 5, 8]));

            """),
        new("Rust", "rust", ["rust"], false, true,
            """
            fn NAME<T: Clone>(items: &[Option<T>], limit: usize) -> Vec<T> {
                items.iter().flatten().take(limit).cloned().collect()
            }

            fn main() {
                println!("{:?}", NAME(&[Some(3), None, Some(5)], @@));
            }

            """),
        new("Go", "go", ["golang", " go "], false, false,
            """
            func NAME(items []*int, limit int) []int {
                kept := make([]int, 0, limit)
                for _, item := range items {
                    if item != nil && len(kept) < @@ {
                        kept = append(kept, *item)
                    }
                }
                return kept
            }

            """),
        new("Java", "java", ["java"], false, false,
            """
            static <T> List<T> NAME(List<T> items) {
                return items.stream().filter(Objects::nonNull).limit(@@).toList();
            }

            """),
        new("C++", "cpp", ["c++", "cpp"], false, true,
            """
            template <typename T>
            std::vector<T> NAME(const std::vector<std::optional<T>>& items, std::size_t limit = @@) {
                std::vector<T> kept;
                for (const auto& item : items) {
                    if (item && kept.size() < limit) kept.push_back(*item);
                }
                return kept;
            }

            """),
        new("SQL", "sql", ["sql", "query"], false, true,
            """
            SELECT item, count(*) AS seen
            FROM NAME
            WHERE item IS NOT NULL
            GROUP BY item
            ORDER BY seen DESC
            LIMIT @@;

            """),
        new("Bash", "bash", ["bash", "shell"], false, true,
            """
            NAME() {
              local limit="${1:-@@}"
              grep -v '^$' | head -n "$limit"
            }

            """),
    ];

    /// <summary>The language that a question names first in the list above; Python when it names none.</summary>
    public static CodeLanguage Asked(string question)
    {
        var padded = $" {question} ";
        return Array.Find(_all, language => language.Mentions.Any(mention => padded.Contains(mention, StringComparison.OrdinalIgnoreCase))) ?? _all[0];
    }

    public string Sample(string name, int limit) =>
        Template.ReplaceLineEndings("\n").Replace("NAME", name, StringComparison.Ordinal).Replace("@@", limit.ToString(), StringComparison.Ordinal);

    /// <summary>A subject's words, joined the way this language spells a function.</summary>
    public string Identifier(string subject)
    {
        var name = new StringBuilder();
        foreach (var word in subject.Split([' ', '-', '_'], StringSplitOptions.RemoveEmptyEntries))
        {
            var letters = string.Concat(word.Where(char.IsAsciiLetter)).ToLowerInvariant();
            if (letters.Length == 0)
            {
                continue;
            }

            var first = name.Length == 0;
            name.Append(SnakeCase && !first ? "_" : "");
            name.Append(PascalCase || (!SnakeCase && !first) ? char.ToUpperInvariant(letters[0]) : letters[0]).Append(letters, 1, letters.Length - 1);
        }

        return name.Length == 0 ? (PascalCase ? "Solve" : "solve") : name.ToString();
    }
}
