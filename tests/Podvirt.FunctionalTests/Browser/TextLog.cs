using Microsoft.Playwright;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>Every text that an element showed, in order, however short: what a test that looks now and then would miss.</summary>
public sealed class TextLog(IJSHandle log)
{
    private const string Follow = """
        element => {
          const texts = [element.innerText];
          new MutationObserver(() => {
            if (texts.at(-1) !== element.innerText) texts.push(element.innerText);
          }).observe(element, { subtree: true, childList: true, characterData: true });
          return texts;
        }
        """;

    public static async Task<TextLog> OfAsync(ILocator element) => new(await element.EvaluateHandleAsync(Follow));

    public Task<string[]> ReadAsync() => log.EvaluateAsync<string[]>("texts => texts");
}
