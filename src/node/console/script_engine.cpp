#include "node/console/script_engine.hpp"

#include <duktape.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/check.hpp"
#include "core/keccak.hpp"
#include "node/console/js_source.hpp"

namespace quarry {

extern const std::string_view kBigNumberSource;  // generated at build time, cmake/embed.cmake
extern const std::string_view kPreludeSource;
extern const std::string_view kContractSource;
extern const std::string_view kPrinterSource;

namespace {

/// A script that keeps more than this alive gets an error instead of the machine's memory.
constexpr std::size_t kMostHeapBytes = 1u << 30;
constexpr const char* kGuard = "__guard";
/// The hidden key under which the global stash keeps the prelude's functions for us.
constexpr const char* kInternals = "internals";

/// Counts what the engine has allocated: each block is preceded by its size.
struct Heap {
  std::size_t used = 0;
  void* owner = nullptr;  // who made it: how a native function finds its engine

  static constexpr std::size_t kHeader = alignof(std::max_align_t);

  static void* grow(void* self, void* old, duk_size_t size) {
    auto& heap = *static_cast<Heap*>(self);
    char* base = old ? static_cast<char*>(old) - kHeader : nullptr;
    std::size_t before = 0;
    if (base) std::memcpy(&before, base, sizeof before);
    if (size == 0) {
      heap.used -= before;
      std::free(base);
      return nullptr;
    }
    if (heap.used - before + size > kMostHeapBytes) return nullptr;
    char* grown = static_cast<char*>(std::realloc(base, size + kHeader));
    if (!grown) return nullptr;
    heap.used += size - before;
    std::memcpy(grown, &size, sizeof size);
    return grown + kHeader;
  }
  static void* allocate(void* self, duk_size_t size) { return grow(self, nullptr, size); }
  static void release(void* self, void* block) {
    if (block) grow(self, block, 0);
  }
};

[[noreturn]] void engine_died(void*, const char* message) {
  std::fprintf(stderr, "Fatal: the console's script engine failed: %s\n", message ? message : "unknown");
  std::abort();
}

std::string text_at(duk_context* ctx, duk_idx_t index) {
  duk_size_t length = 0;
  const char* text = duk_safe_to_lstring(ctx, index, &length);
  return {text, length};
}

void push_text(duk_context* ctx, std::string_view text) {
  duk_push_lstring(ctx, text.data(), text.size());
}

}  // namespace

struct ScriptEngine::Impl {
  Impl(ScriptHost& its_host, const std::atomic<bool>& flag) : host(its_host), interrupted(flag) {}
  ~Impl() { duk_destroy_heap(ctx); }

  ScriptHost& host;
  const std::atomic<bool>& interrupted;
  Heap heap;
  duk_context* ctx = nullptr;

  static Impl& of(duk_context* context) {
    duk_memory_functions functions;
    duk_get_memory_functions(context, &functions);
    return *static_cast<Impl*>(static_cast<Heap*>(functions.udata)->owner);
  }

  void define_natives();
  bool push_compiled(const std::string& source, const std::string& file);
  /// Calls internals[name] with the `count` values on top of the stack; leaves the result, or the error.
  bool call_internal(const char* name, duk_idx_t count);
  bool run_prelude(std::string_view source, const char* file, duk_idx_t arguments);
};

namespace {

// A Result must be gone before duk_error jumps out of the function: C++ destructors are not run by a jump.
/// Pushes the value, or the error object; the caller throws it when false is returned.
bool push_result(duk_context* ctx, const Result<std::string>& result) {
  if (result) {
    push_text(ctx, *result);
    return true;
  }
  const std::string text =
      result.error().what + (result.error().remedy.empty() ? "" : "\n" + result.error().remedy);
  duk_push_error_object(ctx, DUK_ERR_ERROR, "%s", text.c_str());
  return false;
}

}  // namespace

/// Functions that scripts call on the host. Each returns 1 with a value on the stack or throws the value on
/// top.
struct ScriptNatives {
  using Impl = ScriptEngine::Impl;

  static duk_ret_t finish(duk_context* ctx, bool ok) {
    if (!ok) return duk_throw(ctx);
    return 1;
  }
  static duk_ret_t exchange(duk_context* ctx) {
    const bool ok = push_result(ctx, Impl::of(ctx).host.exchange(text_at(ctx, 0)));
    return finish(ctx, ok);
  }
  static duk_ret_t print(duk_context* ctx) {
    Impl::of(ctx).host.print(text_at(ctx, 0));
    return 0;
  }
  static duk_ret_t passphrase(duk_context* ctx) {
    const bool ok = push_result(ctx, Impl::of(ctx).host.passphrase(text_at(ctx, 0)));
    return finish(ctx, ok);
  }
  static duk_ret_t new_passphrase(duk_context* ctx) {
    const bool ok = push_result(ctx, Impl::of(ctx).host.new_passphrase());
    return finish(ctx, ok);
  }
  static duk_ret_t sleep(duk_context* ctx) {
    // A week bounds the conversion, not the user.
    const double ms = std::min(std::max(duk_to_number(ctx, 0), 0.0), 7.0 * 86'400'000);
    if (Impl::of(ctx).host.sleep(std::chrono::milliseconds{static_cast<std::int64_t>(ms)})) return 0;
    return duk_error(ctx, DUK_ERR_ERROR, "interrupted");
  }
  static duk_ret_t load(duk_context* ctx) {
    const bool ok = load_here(ctx);
    return finish(ctx, ok);
  }
  static bool load_here(duk_context* ctx) {
    const std::string name = text_at(ctx, 0);
    const auto source = Impl::of(ctx).host.load(name);
    if (!source) return push_result(ctx, source);
    return Impl::of(ctx).push_compiled(*source, name) && duk_pcall(ctx, 0) == 0;
  }
  static duk_ret_t clear_history(duk_context* ctx) {
    Impl::of(ctx).host.clear_history();
    return 0;
  }
  static duk_ret_t keccak(duk_context* ctx) {
    push_keccak(ctx);
    return 1;
  }
  /// Of the text's UTF-8, or of the bytes that the second argument says it spells in hex.
  static void push_keccak(duk_context* ctx) {
    const std::string text = text_at(ctx, 0);
    const auto bytes = duk_to_boolean(ctx, 1) ? from_hex(text) : std::optional{to_bytes(as_bytes(text))};
    push_text(ctx, bytes ? keccak256(*bytes).hex() : std::string{});
  }
  static duk_ret_t guard(duk_context* ctx) {
    if (Impl::of(ctx).interrupted.load(std::memory_order_relaxed)) {
      return duk_error(ctx, DUK_ERR_ERROR, "interrupted");
    }
    duk_push_true(ctx);
    return 1;
  }
};

void ScriptEngine::Impl::define_natives() {
  struct Native {
    const char* name;
    duk_c_function function;
    duk_idx_t arguments;
  };
  static constexpr Native kNatives[] = {
      {"exchange", &ScriptNatives::exchange, 1},     {"print", &ScriptNatives::print, 1},
      {"passphrase", &ScriptNatives::passphrase, 1}, {"new_passphrase", &ScriptNatives::new_passphrase, 0},
      {"sleep", &ScriptNatives::sleep, 1},           {"load", &ScriptNatives::load, 1},
      {"keccak", &ScriptNatives::keccak, 2},         {"clear_history", &ScriptNatives::clear_history, 0},
  };
  duk_push_c_function(ctx, &ScriptNatives::guard, 0);
  duk_put_global_string(ctx, kGuard);
  duk_push_object(ctx);
  for (const Native& native : kNatives) {
    duk_push_c_function(ctx, native.function, native.arguments);
    duk_put_prop_string(ctx, -2, native.name);
  }
}

/// Compiles and calls the function that `source` is, with the `arguments` values on top of the stack.
bool ScriptEngine::Impl::run_prelude(std::string_view source, const char* file, duk_idx_t arguments) {
  duk_push_string(ctx, file);
  const duk_int_t failed = duk_pcompile_lstring_filename(ctx, DUK_COMPILE_EVAL, source.data(), source.size());
  if (failed != 0 || duk_pcall(ctx, 0) != 0) return false;
  if (arguments == 0) return true;
  duk_insert(ctx, -1 - arguments);
  return duk_pcall(ctx, arguments) == 0;
}

ScriptEngine::ScriptEngine(ScriptHost& host, const std::atomic<bool>& interrupted)
    : impl_(std::make_unique<Impl>(host, interrupted)) {
  impl_->heap.owner = impl_.get();
  impl_->ctx = duk_create_heap(&Heap::allocate, &Heap::grow, &Heap::release, &impl_->heap, &engine_died);
  QUARRY_CHECK(impl_->ctx != nullptr);
  duk_context* ctx = impl_->ctx;
  // Our own scripts are part of the binary: they compile and run, or the build is broken.
  const auto must = [&](bool ok) {
    if (!ok) engine_died(nullptr, text_at(ctx, -1).c_str());
  };
  must(impl_->run_prelude(kBigNumberSource, "bignumber.js", 0));
  duk_pop(ctx);
  duk_push_global_stash(ctx);
  impl_->define_natives();
  duk_push_object(ctx);
  duk_dup(ctx, -1);
  duk_put_prop_string(ctx, -4, kInternals);
  must(impl_->run_prelude(kPrinterSource, "printer.js", 2));
  duk_pop(ctx);
  impl_->define_natives();
  duk_get_prop_string(ctx, -2, kInternals);
  must(impl_->run_prelude(kPreludeSource, "web3.js", 2));
  duk_pop(ctx);
  impl_->define_natives();
  duk_get_prop_string(ctx, -2, kInternals);
  must(impl_->run_prelude(kContractSource, "contract.js", 2));
  duk_set_top(ctx, 0);
}

ScriptEngine::~ScriptEngine() = default;

bool ScriptEngine::Impl::push_compiled(const std::string& source, const std::string& file) {
  const auto compile = [&](const std::string& text) {
    push_text(ctx, file);
    return duk_pcompile_lstring_filename(ctx, DUK_COMPILE_EVAL, text.data(), text.size()) == 0;
  };
  // The untouched source first: its errors are the user's, and what the scanner misread runs unguarded.
  if (!compile(source)) return false;
  if (compile(js_guard_loops(source, kGuard))) {
    duk_remove(ctx, -2);
  } else {
    duk_pop(ctx);
  }
  for (const auto& [name, names] : js_function_heads(source)) {
    push_text(ctx, name);
    push_text(ctx, names);
    call_internal("remember_head", 2);
    duk_pop(ctx);
  }
  return true;
}

bool ScriptEngine::Impl::call_internal(const char* name, duk_idx_t count) {
  duk_push_global_stash(ctx);
  duk_get_prop_string(ctx, -1, kInternals);
  duk_get_prop_string(ctx, -1, name);
  duk_insert(ctx, -3 - count);
  duk_pop_2(ctx);
  return duk_pcall(ctx, count) == 0;
}

ScriptEngine::Outcome ScriptEngine::run(const std::string& source, const std::string& file) {
  duk_context* ctx = impl_->ctx;
  Outcome outcome;
  outcome.ok = impl_->push_compiled(source, file) && duk_pcall(ctx, 0) == 0;
  if (outcome.ok) outcome.ok = impl_->call_internal("inspect", 1);
  if (!outcome.ok) {
    push_text(ctx, source);
    push_text(ctx, file);
    impl_->call_internal("describe_error", 3);
  }
  outcome.text = text_at(ctx, -1);
  duk_set_top(ctx, 0);
  return outcome;
}

std::string ScriptEngine::welcome() {
  impl_->call_internal("welcome", 0);
  std::string text = text_at(impl_->ctx, -1);
  duk_set_top(impl_->ctx, 0);
  return text;
}

std::vector<std::string> ScriptEngine::complete(const std::string& line) {
  push_text(impl_->ctx, line);
  const bool ok = impl_->call_internal("complete", 1);
  const std::string text = ok ? text_at(impl_->ctx, -1) : std::string{};
  duk_set_top(impl_->ctx, 0);
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::optional<std::chrono::milliseconds> ScriptEngine::run_timers() {
  const bool ok = impl_->call_internal("run_timers", 0);
  std::optional<std::chrono::milliseconds> next;
  if (ok && duk_is_number(impl_->ctx, -1)) {
    next = std::chrono::milliseconds{static_cast<std::int64_t>(duk_get_number(impl_->ctx, -1))};
  }
  duk_set_top(impl_->ctx, 0);
  return next;
}

}  // namespace quarry
