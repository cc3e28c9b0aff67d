// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
// A plugin of clang-tidy: its checks look at what is ours. Version 14 looks at every declaration of
// every header, and throws away what it finds in those of the system, which takes five times as
// long; version 21 does as this does.
#include <clang-tidy/ClangTidyCheck.h>
#include <clang-tidy/ClangTidyModule.h>
#include <clang-tidy/ClangTidyModuleRegistry.h>
#include <clang/AST/ASTContext.h>

#include <vector>

namespace {

namespace tidy = clang::tidy;
namespace matchers = clang::ast_matchers;

// Finds nothing. It is the first to be shown the whole file, and narrows what is walked through
// then.
class OwnCode : public tidy::ClangTidyCheck {
 public:
  using ClangTidyCheck::ClangTidyCheck;

  void registerMatchers(matchers::MatchFinder* finder) override
  {
    finder->addMatcher(matchers::translationUnitDecl(), this);
  }

  void check(const matchers::MatchFinder::MatchResult& match) override
  {
    std::vector<clang::Decl*> ours;
    for (clang::Decl* declaration : match.Context->getTranslationUnitDecl()->decls()) {
      if (!match.SourceManager->isInSystemHeader(declaration->getLocation())) {
        ours.push_back(declaration);
      }
    }
    match.Context->setTraversalScope(ours);
  }
};

class OwnCodeModule : public tidy::ClangTidyModule {
 public:
  void addCheckFactories(tidy::ClangTidyCheckFactories& factories) override
  {
    factories.registerCheck<OwnCode>("pecanctl-own-code");
  }
};

const tidy::ClangTidyModuleRegistry::Add<OwnCodeModule> k_module("pecanctl", "");

}  // namespace
